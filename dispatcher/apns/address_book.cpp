#include "dispatcher/apns/address_book.h"

#include <algorithm>
#include <random>
#include <tuple>

namespace reveille::apns {

void AddressBook::note_failure(const Address& address, Clock::SteadyTime now) {
  note_success(address);
  if (failures_.size() == failures_max) failures_.erase(failures_.begin());
  failures_.emplace_back(address, now);
}

void AddressBook::note_success(const Address& address) {
  std::erase_if(failures_, [&](const auto& failure) { return failure.first == address; });
}

std::vector<AddressBook::Address> AddressBook::order(std::vector<Address> resolved,
                                                     std::span<const Address> in_use,
                                                     std::uint64_t seed,
                                                     Clock::SteadyTime now) const {
  const auto failed = [&](const Address& address) {
    return std::ranges::any_of(failures_, [&](const auto& failure) {
      return failure.first == address && now - failure.second < remembered_for;
    });
  };
  const auto rank = [&](const Address& address) {
    return std::tuple(failed(address), std::ranges::count(in_use, address));
  };
  std::ranges::sort(resolved);
  resolved.erase(std::unique(resolved.begin(), resolved.end()), resolved.end());
  std::mt19937_64 random(seed);
  std::ranges::shuffle(resolved, random);
  std::ranges::sort(resolved, {}, rank);
  return resolved;
}

}  // namespace reveille::apns

#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dispatcher/runtime/clock.h"

namespace reveille::apns {

// Which of a DNS answer's addresses to try first. APNs has no load balancer in front of it: each
// address is some of its servers, so connections side by side go to different ones. An address that
// failed lately comes last, so that IPv6 that leads nowhere costs one attempt and not each.
class AddressBook {
 public:
  using Address = boost::asio::ip::address;

  void note_failure(const Address& address, Clock::SteadyTime now);
  void note_success(const Address& address);

  // `in_use`: where our connections are, one for each. `seed` decides among equals.
  std::vector<Address> order(std::vector<Address> resolved, std::span<const Address> in_use,
                             std::uint64_t seed, Clock::SteadyTime now) const;

 private:
  static constexpr std::size_t failures_max = 64;
  static constexpr std::chrono::minutes remembered_for{10};

  std::vector<std::pair<Address, Clock::SteadyTime>> failures_;  // oldest first
};

}  // namespace reveille::apns

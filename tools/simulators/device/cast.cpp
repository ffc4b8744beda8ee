#include "tools/simulators/device/cast.h"

#include <fmt/format.h>

#include <numeric>

#include "tools/simulators/device/dice.h"

namespace reveille::simulators::device {
namespace {

Kind choose_kind(const Scenario& scenario, Dice& dice) {
  const auto& shares = scenario.devices;
  double left = dice.roll() * std::accumulate(shares.begin(), shares.end(), 0.0);
  std::size_t last = 0;
  for (std::size_t i = 0; i < kinds; ++i) {
    if (shares[i] <= 0) continue;
    last = i;
    if (left < shares[i]) break;
    left -= shares[i];
  }
  return static_cast<Kind>(last);
}

User make_user(const Scenario& scenario, Kind kind, std::uint64_t number, std::size_t index,
               Dice& dice) {
  if (traits_of(kind).is_shared) {
    return {.id = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            .short_name = fmt::format("user{}.of{}@example.com", index, number)};
  }
  // UserAuthenticate does not exist in a User Enrolment.
  const bool may_be_network = !traits_of(kind).by_enrolment_id;
  const bool is_network = dice.hits(scenario.users.network_rate) && may_be_network;
  return {.id = fmt::format("{:08X}-0000-4000-8000-{:012X}", index, number),
          .short_name = fmt::format("fleet-user-{}", index),
          .is_network = is_network};
}

}  // namespace

std::vector<Speaker> cast(const Scenario& scenario, std::uint64_t seed, std::uint64_t number,
                          const std::string& id_prefix) {
  Dice dice(seed, number);
  const Kind kind = choose_kind(scenario, dice);
  const KindTraits& traits = traits_of(kind);
  const std::string device = fmt::format("{}-{:012X}", id_prefix, number);
  std::vector<Speaker> channels{{.kind = kind, .device = device, .user = std::nullopt}};
  std::int64_t users_max = 0;
  if (traits.is_mac) users_max = scenario.users.per_mac_max;
  if (traits.is_shared) users_max = scenario.users.per_shared_ipad_max;
  if (users_max == 0) return channels;
  const std::size_t users = 1 + dice.below(static_cast<std::size_t>(users_max));
  for (std::size_t i = 1; i <= users; ++i) {
    channels.push_back(
        {.kind = kind, .device = device, .user = make_user(scenario, kind, number, i, dice)});
  }
  return channels;
}

}  // namespace reveille::simulators::device

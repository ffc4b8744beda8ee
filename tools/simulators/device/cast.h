#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

// What the device of this number is: all its channels, the device's own first.
std::vector<Speaker> cast(const Scenario& scenario, std::uint64_t seed, std::uint64_t number,
                          const std::string& id_prefix);

}  // namespace reveille::simulators::device

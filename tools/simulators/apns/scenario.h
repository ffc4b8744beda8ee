#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulators/apns/behaviour.h"

namespace reveille::simulators::apns {

// A part of the day, and how Apple is during it.
struct Phase {
  std::string name;
  Milliseconds duration{0};  // of the last phase, when the scenario does not repeat: no matter
  bool listening = true;     // no: connecting is refused, as while Apple restarts
  enum class Connections { keep, goaway, cut } connections = Connections::keep;  // when it begins
  Behaviour behaviour;
};

struct Scenario {
  std::uint64_t seed = 1;
  bool repeat = false;
  enum class Starts { at_once, with_first_push } starts = Starts::at_once;
  std::vector<Phase> phases;  // at least one

  // One phase for ever.
  static Scenario always(const Behaviour& behaviour);
};

// Where a scenario is after `elapsed`: the phase, and when the next one begins.
struct Position {
  std::size_t phase = 0;
  std::optional<Milliseconds> next_at;  // since the scenario's start; nullopt: never
  friend bool operator==(const Position&, const Position&) = default;
};
Position position_at(const Scenario& scenario, Milliseconds elapsed);

// TOML. Each error names file and line, what is wrong, and how to mend it. What a phase leaves open
// is as in [always], what that leaves open as in `base`, in which command-line options stand.
std::expected<Scenario, std::vector<std::string>> parse_scenario(std::string_view text,
                                                                 const std::filesystem::path& file,
                                                                 const Behaviour& base);
std::expected<Scenario, std::vector<std::string>> load_scenario(const std::filesystem::path& file,
                                                                const Behaviour& base);

// A whole scenario with every key, explained: what --print-example-scenario prints.
std::string_view example_scenario();

}  // namespace reveille::simulators::apns

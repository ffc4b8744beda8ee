#include "tools/simulators/apns/scenario.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "protocol/base/ensure.h"

namespace reveille::simulators::apns {

Scenario Scenario::always(const Behaviour& behaviour) {
  Scenario scenario;
  scenario.phases.push_back({.name = "always", .behaviour = behaviour});
  return scenario;
}

Position position_at(const Scenario& scenario, Milliseconds elapsed) {
  ensure(!scenario.phases.empty(), "a scenario has a phase");
  Milliseconds begin{0}, day{0};
  for (const Phase& phase : scenario.phases) day += phase.duration;
  if (scenario.repeat) begin = elapsed / day * day;
  for (std::size_t i = 0; i < scenario.phases.size(); ++i) {
    const bool last = i + 1 == scenario.phases.size();
    if (last && !scenario.repeat) return {.phase = i, .next_at = std::nullopt};
    const Milliseconds end = begin + scenario.phases[i].duration;
    if (elapsed < end) return {.phase = i, .next_at = end};
    begin = end;
  }
  return {.phase = scenario.phases.size() - 1, .next_at = begin};
}

std::expected<Scenario, std::vector<std::string>> load_scenario(const std::filesystem::path& file,
                                                                const Behaviour& base) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) {
    return std::unexpected(std::vector<std::string>{
        file.string() + ": cannot be read (" + std::strerror(errno) +
        "); `reveille-apns --print-example-scenario` prints a complete one"});
  }
  return parse_scenario(text, file, base);
}

}  // namespace reveille::simulators::apns

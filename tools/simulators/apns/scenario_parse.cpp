#include <fmt/format.h>

#include "tools/simulators/apns/behaviour_parse.h"
#include "tools/simulators/apns/scenario.h"

// The schema of a scenario file; scenario_example.cpp explains its keys.
namespace reveille::simulators::apns {
namespace {

Phase read_phase(TableReader& table, const std::filesystem::path& folder, Behaviour behaviour) {
  using Connections = Phase::Connections;
  Phase phase;
  phase.behaviour = std::move(behaviour);
  table.text("name", phase.name);
  table.seconds("duration_seconds", phase.duration);
  table.flag("listening", phase.listening);
  table.choice<Connections>(
      "connections",
      {{"keep", Connections::keep}, {"goaway", Connections::goaway}, {"cut", Connections::cut}},
      phase.connections);
  read_behaviour(table, folder, phase.behaviour);
  table.finish();
  return phase;
}

Scenario read_scenario(TableReader table, const std::filesystem::path& folder,
                       const Behaviour& base) {
  Scenario scenario;
  table.number("seed", 0, 1'000'000'000'000, scenario.seed);
  table.flag("repeat", scenario.repeat);
  table.choice<Scenario::Starts>("starts",
                                 {{"at_once", Scenario::Starts::at_once},
                                  {"with_first_push", Scenario::Starts::with_first_push}},
                                 scenario.starts);
  Behaviour always = base;
  if (auto given = table.table("always")) {
    read_behaviour(*given, folder, always);
    given->finish();
  }
  std::vector<TableReader> phases = table.tables("phase");
  for (std::size_t i = 0; i < phases.size(); ++i) {
    Phase phase = read_phase(phases[i], folder, always);
    if (phase.name.empty()) phase.name = fmt::format("phase {}", i + 1);
    const bool ends = i + 1 < phases.size() || scenario.repeat;
    if (ends && phase.duration.count() == 0) {
      phases[i].fail("duration_seconds",
                     "is missing: only the last phase of a day that does not "
                     "repeat lasts for ever");
    }
    scenario.phases.push_back(std::move(phase));
  }
  if (scenario.phases.empty()) {
    if (scenario.repeat) table.fail("repeat", "needs phases to repeat: add [[phase]]");
    scenario.phases = Scenario::always(always).phases;
  }
  table.finish();
  return scenario;
}

}  // namespace

std::expected<Scenario, std::vector<std::string>> parse_scenario(std::string_view text,
                                                                 const std::filesystem::path& file,
                                                                 const Behaviour& base) {
  Mistakes mistakes(file.string());
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    mistakes.add(error.source().begin.line, std::string(error.description()) + "; this is no TOML");
    return std::unexpected(mistakes.in_order());
  }
  Scenario scenario = read_scenario(TableReader(root, "", mistakes), file.parent_path(), base);
  if (!mistakes.none()) return std::unexpected(mistakes.in_order());
  return scenario;
}

}  // namespace reveille::simulators::apns

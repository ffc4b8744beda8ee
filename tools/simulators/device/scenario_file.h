#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

// Visits every option of a scenario, in the order of the file: the reader and the printer are two
// visitors, so that neither can know an option that the other lacks.
class ScenarioVisitor {
 public:
  virtual ~ScenarioVisitor() = default;
  virtual void section(std::string_view name, std::string_view comment) = 0;
  virtual void number(std::string_view key, double& value, double max,
                      std::string_view comment) = 0;
  virtual void whole(std::string_view key, std::int64_t& value, std::int64_t min, std::int64_t max,
                     std::string_view comment) = 0;
  virtual void text(std::string_view key, std::string& value,
                    std::initializer_list<std::string_view> choices, std::string_view comment) = 0;
  virtual void flag(std::string_view key, bool& value, std::string_view comment) = 0;
};
void visit_options(Scenario& scenario, ScenarioVisitor& visitor);

// A file as it was read, with every error it has: "FILE:LINE: what is wrong and how to mend it".
// With no errors the scenario may be used.
struct LoadedScenario {
  Scenario scenario;
  std::vector<std::string> errors;
};
LoadedScenario load_scenario(const std::filesystem::path& file);
LoadedScenario parse_scenario(std::string_view text, const std::string& file);

// A complete file: some of everything, for the server's default configuration.
std::string print_example_scenario();

}  // namespace reveille::simulators::device

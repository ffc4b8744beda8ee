#include "tools/simulators/device/scenario_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <utility>

#include "tools/reveille/options_file.h"

namespace reveille::simulators::device {
namespace {

class Reader final : public ScenarioVisitor {
 public:
  explicit Reader(OptionsFile& options) : options_(options) {}

  void section(std::string_view name, std::string_view) override { options_.begin_section(name); }
  void flag(std::string_view key, bool& value, std::string_view) override {
    options_.flag(key, value);
  }

  void number(std::string_view key, double& value, double max, std::string_view) override {
    const toml::node* node = options_.find(key);
    if (node == nullptr) return;
    const auto given = node->is_number() ? node->value<double>() : std::nullopt;
    if (given && *given >= 0 && *given <= max) {
      value = *given;
      return;
    }
    options_.fail(*node,
                  fmt::format("{} must be a number from 0 to {}", options_.name_of(key), max));
  }

  void whole(std::string_view key, std::int64_t& value, std::int64_t min, std::int64_t max,
             std::string_view) override {
    const toml::node* node = options_.find(key);
    if (node == nullptr) return;
    const auto given = node->value_exact<std::int64_t>();
    if (given && *given >= min && *given <= max) {
      value = *given;
      return;
    }
    options_.fail(*node, fmt::format("{} must be a whole number from {} to {}",
                                     options_.name_of(key), min, max));
  }

  void text(std::string_view key, std::string& value,
            std::initializer_list<std::string_view> choices, std::string_view) override {
    if (choices.size() == 0) return options_.text(key, value);
    options_.choice(key, value, choices);
  }

 private:
  OptionsFile& options_;
};

class Printer final : public ScenarioVisitor {
 public:
  void section(std::string_view name, std::string_view comment) override {
    if (!text_.empty()) text_ += "\n";
    write_comment(comment);
    text_ += fmt::format("[{}]\n", name);
  }
  void number(std::string_view key, double& value, double, std::string_view comment) override {
    write_comment(comment);
    text_ += fmt::format("{} = {}\n", key, value);
  }
  void whole(std::string_view key, std::int64_t& value, std::int64_t, std::int64_t,
             std::string_view comment) override {
    write_comment(comment);
    text_ += fmt::format("{} = {}\n", key, value);
  }
  void text(std::string_view key, std::string& value, std::initializer_list<std::string_view>,
            std::string_view comment) override {
    write_comment(comment);
    text_ += fmt::format("{} = \"{}\"\n", key, value);
  }
  void flag(std::string_view key, bool& value, std::string_view comment) override {
    write_comment(comment);
    text_ += fmt::format("{} = {}\n", key, value);
  }
  std::string take() { return std::move(text_); }

 private:
  void write_comment(std::string_view comment) {
    for (std::size_t start = 0; start < comment.size();) {
      const std::size_t end = std::min(comment.find('\n', start), comment.size());
      text_ += fmt::format("# {}\n", comment.substr(start, end - start));
      start = end + 1;
    }
  }
  std::string text_;
};

Scenario example() {
  Scenario scenario;
  scenario.devices = {50, 20, 8, 6, 4, 8, 4};
  scenario.users.network_rate = 0.3;
  scenario.setup = {.awaiting_rate = 0.2, .user_configuration_rate = 0.2};
  scenario.answers = {.not_now_rate = 0.1,
                      .fail_rate = 0.05,
                      .format_error_rate = 0.02,
                      .repeated_rate = 0.05,
                      .late_rate = 0.03,
                      .forgotten_rate = 0.02,
                      .unknown_rate = 0.02,
                      .not_now_after_end_rate = 0.02,
                      .large_rate = 0.02};
  scenario.errands = {.token_update_rate = 0.02,
                      .renewal_rate = 0.02,
                      .restore_rate = 0.02,
                      .enrol_again_rate = 0.01,
                      .bootstrap_token_rate = 0.05,
                      .token_rate = 0.02,
                      .declarations_rate = 0.02,
                      .login_rate = 0.05,
                      .waiting_login_rate = 0.05,
                      .return_to_service_rate = 0.01,
                      .check_out_rate = 0.01,
                      .silent_leave_rate = 0.01,
                      .return_rate = 0.5};
  return scenario;
}

}  // namespace

LoadedScenario parse_scenario(std::string_view text, const std::string& file) {
  LoadedScenario loaded;
  OptionsFile options(text, file);
  if (options.mistakes().none()) {
    Reader reader(options);
    visit_options(loaded.scenario, reader);
    options.find_unknown_keys();
    const auto& shares = loaded.scenario.devices;
    if (std::accumulate(shares.begin(), shares.end(), 0.0) <= 0) {
      options.fail_section("devices", "has no kind above 0: give at least one a share");
    }
  }
  loaded.errors = options.mistakes().in_order();
  return loaded;
}

LoadedScenario load_scenario(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return {.scenario = {}, .errors = {file.string() + ": cannot be read"}};
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  return parse_scenario(text, file.string());
}

std::string print_example_scenario() {
  Scenario scenario = example();
  Printer printer;
  visit_options(scenario, printer);
  return printer.take();
}

}  // namespace reveille::simulators::device

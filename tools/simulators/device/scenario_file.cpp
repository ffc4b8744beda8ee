#include "tools/simulators/device/scenario_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "tools/reveille/suggestion.h"

namespace reveille::simulators::device {
namespace {

class Reader final : public ScenarioVisitor {
 public:
  Reader(const toml::table& root, std::string file) : root_(root), file_(std::move(file)) {}

  void section(std::string_view name, std::string_view) override {
    section_ = name;
    known_[section_];
    const toml::node* node = root_.get(name);
    table_ = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table_ == nullptr) {
      fail(node, fmt::format("{} must be a section: write [{}]", name, name));
    }
  }

  void number(std::string_view key, double& value, double max, std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto given = node->is_number() ? node->value<double>() : std::nullopt;
    if (given && *given >= 0 && *given <= max) {
      value = *given;
      return;
    }
    fail(node, fmt::format("{}.{} must be a number from 0 to {}", section_, key, max));
  }

  void whole(std::string_view key, std::int64_t& value, std::int64_t min, std::int64_t max,
             std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto given = node->value_exact<std::int64_t>();
    if (given && *given >= min && *given <= max) {
      value = *given;
      return;
    }
    fail(node, fmt::format("{}.{} must be a whole number from {} to {}", section_, key, min, max));
  }

  void text(std::string_view key, std::string& value,
            std::initializer_list<std::string_view> choices, std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto given = node->value_exact<std::string>();
    if (!given) {
      fail(node, fmt::format("{}.{} must be text in quotation marks", section_, key));
    } else if (choices.size() != 0 && std::ranges::find(choices, *given) == choices.end()) {
      fail(node, fmt::format("{}.{} must be one of {}, not \"{}\"", section_, key,
                             fmt::join(choices, ", "), *given));
    } else {
      value = *given;
    }
  }

  void flag(std::string_view key, bool& value, std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto given = node->value_exact<bool>();
    if (given) {
      value = *given;
    } else {
      fail(node, fmt::format("{}.{} must be true or false", section_, key));
    }
  }

  // After all options were visited.
  void find_unknown_keys() {
    std::set<std::string_view> sections;
    for (const auto& [name, keys] : known_) sections.insert(name);
    for (const auto& [key, node] : root_) {
      const auto known = known_.find(key.str());
      if (known == known_.end()) {
        fail(&node, fmt::format("there is no section [{}]; {}", key.str(),
                                suggestion(key.str(), sections)));
        continue;
      }
      if (!node.is_table()) continue;
      for (const auto& [option, value] : *node.as_table()) {
        if (known->second.contains(option.str())) continue;
        fail(&value, fmt::format("there is no option {}.{}; {}", key.str(), option.str(),
                                 suggestion(option.str(), known->second)));
      }
    }
  }

  void fail(const toml::node* node, std::string_view sentence) {
    const std::uint32_t line = node == nullptr ? 1 : node->source().begin.line;
    errors_.emplace(line, fmt::format("{}:{}: {}", file_, line, sentence));
  }

  std::vector<std::string> errors() {
    std::vector<std::string> sentences;
    for (auto& [line, sentence] : errors_) sentences.push_back(std::move(sentence));
    return sentences;
  }

 private:
  const toml::node* find(std::string_view key) {
    known_[section_].insert(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }

  const toml::table& root_;
  const std::string file_;
  std::string section_;
  const toml::table* table_ = nullptr;
  std::map<std::string, std::set<std::string_view>, std::less<>> known_;
  std::multimap<std::uint32_t, std::string> errors_;  // by line
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
                      .check_out_rate = 0.01,
                      .silent_leave_rate = 0.01};
  return scenario;
}

}  // namespace

LoadedScenario parse_scenario(std::string_view text, const std::string& file) {
  LoadedScenario loaded;
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    loaded.errors.push_back(
        fmt::format("{}:{}: not TOML: {}", file, error.source().begin.line, error.description()));
    return loaded;
  }
  Reader reader(root, file);
  visit_options(loaded.scenario, reader);
  reader.find_unknown_keys();
  const auto& shares = loaded.scenario.devices;
  if (std::accumulate(shares.begin(), shares.end(), 0.0) <= 0) {
    reader.fail(root.get("devices"), "devices has no kind above 0: give at least one a share");
  }
  loaded.errors = reader.errors();
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

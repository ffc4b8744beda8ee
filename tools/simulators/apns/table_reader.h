#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/reveille/mistakes.h"
#include "tools/simulators/apns/behaviour.h"

namespace reveille::simulators::apns {

// Reads one table of a TOML file into values that hold the defaults. What is wrong is noted and
// leaves its value alone; finish() notes the keys that nobody asked for.
class TableReader {
 public:
  // `name` as in the file: "phase.settings". All references outlive the reader.
  TableReader(const toml::table& table, std::string name, Mistakes& mistakes);

  bool has(std::string_view key) const { return table_.contains(key); }
  std::uint32_t line_of(std::string_view key) const;

  void whole(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t& value);
  template <typename Integer>
  void number(std::string_view key, std::int64_t least, std::int64_t most, Integer& value) {
    auto read = static_cast<std::int64_t>(value);
    whole(key, least, most, read);
    value = static_cast<Integer>(read);
  }
  void share(std::string_view key, double& value);  // 0 to 1
  void flag(std::string_view key, bool& value);
  void text(std::string_view key, std::string& value);
  void texts(std::string_view key, std::vector<std::string>& values);
  void milliseconds(std::string_view key, Milliseconds& value);
  void seconds(std::string_view key, Milliseconds& value);  // with decimals
  void error_code(std::string_view key, std::uint32_t& value);

  template <typename Value>
  void choice(std::string_view key,
              std::initializer_list<std::pair<std::string_view, Value>> choices, Value& value) {
    std::string given;
    text(key, given);
    if (given.empty() && !has(key)) return;
    std::string known;
    for (const auto& [name, meaning] : choices) {
      if (name == given) {
        value = meaning;
        return;
      }
      known.append(known.empty() ? "" : ", ").append(name.empty() ? "\"\"" : name);
    }
    if (is_text(key)) fail(key, "must be one of " + known + ", not \"" + given + "\"");
  }

  std::optional<TableReader> table(std::string_view key);
  std::vector<TableReader> tables(std::string_view key);
  // nullptr when there is none, and when it is no list or an empty one, which is noted.
  const toml::array* list(std::string_view key, std::string_view example);

  void fail(std::string_view key, std::string_view sentence);
  void finish();

 private:
  const toml::node* find(std::string_view key);
  bool is_text(std::string_view key) const;
  std::string name_of(std::string_view key) const;

  const toml::table& table_;
  std::string name_;
  Mistakes& mistakes_;
  std::vector<std::string> known_;
};

// A number of milliseconds, whole or not; nullopt when the node is none or it is negative.
std::optional<LatencyDistribution::Duration> duration_of(const toml::node& node);

}  // namespace reveille::simulators::apns

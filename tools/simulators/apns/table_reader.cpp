#include <fmt/format.h>

#include "tools/simulators/apns/table_reader.h"

#include <algorithm>

namespace reveille::simulators::apns {

TableReader::TableReader(const toml::table& table, std::string name, Mistakes& mistakes)
    : table_(table), name_(std::move(name)), mistakes_(mistakes) {}

std::string TableReader::name_of(std::string_view key) const {
  return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
}

const toml::node* TableReader::find(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

bool TableReader::is_text(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return node != nullptr && node->is_string();
}

std::uint32_t TableReader::line_of(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return (node == nullptr ? table_.source() : node->source()).begin.line;
}

void TableReader::fail(std::string_view key, std::string_view sentence) {
  mistakes_.add(line_of(key), fmt::format("{} {}", name_of(key), sentence));
}

void TableReader::whole(std::string_view key, std::int64_t least, std::int64_t most,
                        std::int64_t& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto given = node->value_exact<std::int64_t>();
  if (given && *given >= least && *given <= most) {
    value = *given;
    return;
  }
  fail(key, fmt::format("must be a whole number from {} to {}{}", least, most,
                        given ? fmt::format(", not {}", *given) : ""));
}

void TableReader::share(std::string_view key, double& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto given = node->is_number() ? node->value<double>() : std::nullopt;
  if (given && *given >= 0 && *given <= 1) {
    value = *given;
  } else {
    fail(key, "must be a number from 0 to 1, such as 0.01");
  }
}

void TableReader::flag(std::string_view key, bool& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<bool>()) {
    value = *given;
  } else {
    fail(key, "must be true or false");
  }
}

void TableReader::text(std::string_view key, std::string& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<std::string>()) {
    value = *given;
  } else {
    fail(key, "must be text in quotation marks");
  }
}

void TableReader::texts(std::string_view key, std::vector<std::string>& values) {
  const toml::array* array = list(key, "[\"00ff*\", \"0123abcd\"]");
  if (array == nullptr) return;
  values.clear();
  for (const toml::node& node : *array) {
    if (const auto given = node.value_exact<std::string>(); given && !given->empty()) {
      values.push_back(*given);
    } else {
      fail(key, "must be a list of texts such as [\"00ff*\", \"0123abcd\"]");
      return;
    }
  }
}

const toml::array* TableReader::list(std::string_view key, std::string_view example) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  const toml::array* array = node->as_array();
  if (array != nullptr && !array->empty()) return array;
  fail(key, fmt::format("must be a list such as {}", example));
  return nullptr;
}

void TableReader::milliseconds(std::string_view key, Milliseconds& value) {
  constexpr std::int64_t day = 86'400'000;
  std::int64_t count = value.count();
  whole(key, 0, day, count);
  value = Milliseconds(count);
}

void TableReader::seconds(std::string_view key, Milliseconds& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  constexpr double year = 366.0 * 86'400;
  const auto given = node->is_number() ? node->value<double>() : std::nullopt;
  if (given && *given >= 0 && *given <= year) {
    value = Milliseconds(static_cast<std::int64_t>(*given * 1000));
  } else {
    fail(key, "must be a number of seconds, such as 30 or 0.5");
  }
}

void TableReader::error_code(std::string_view key, std::uint32_t& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto name = node->value_exact<std::string>();
  const auto number_given = node->value_exact<std::int64_t>();
  const auto code = name ? error_code_of(*name) : std::nullopt;
  if (code) {
    value = *code;
  } else if (number_given && *number_given >= 0 && *number_given <= 0xffffffff) {
    value = static_cast<std::uint32_t>(*number_given);
  } else {
    fail(key, "must be an error code of HTTP/2, such as \"CANCEL\" or 8");
  }
}

std::optional<TableReader> TableReader::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const toml::table* found = node->as_table()) {
    return TableReader(*found, name_of(key), mistakes_);
  }
  fail(key, fmt::format("must be a table: write [{}]", name_of(key)));
  return std::nullopt;
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  std::vector<TableReader> readers;
  const toml::node* node = find(key);
  if (node == nullptr) return readers;
  const toml::array* array = node->as_array();
  if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
    fail(key, fmt::format("must be a list of tables: write [[{}]]", name_of(key)));
    return readers;
  }
  for (const toml::node& element : *array) {
    readers.emplace_back(*element.as_table(), name_of(key), mistakes_);
  }
  return readers;
}

void TableReader::finish() {
  for (const auto& [key, node] : table_) {
    if (std::ranges::find(known_, key.str()) != known_.end()) continue;
    mistakes_.add(
        key.source().begin.line,
        fmt::format("there is no key {}; use {}", name_of(key.str()), fmt::join(known_, ", ")));
  }
}

std::optional<LatencyDistribution::Duration> duration_of(const toml::node& node) {
  const auto given = node.is_number() ? node.value<double>() : std::nullopt;
  if (!given || *given < 0 || *given > 86'400'000) return std::nullopt;
  return LatencyDistribution::Duration(static_cast<std::int64_t>(*given * 1000));
}

}  // namespace reveille::simulators::apns

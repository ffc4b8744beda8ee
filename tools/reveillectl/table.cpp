#include "tools/reveillectl/table.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace reveille {

namespace {

// Terminals obey control characters, and some of these texts come from devices.
std::string printable(std::string text) {
  for (char& character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) character = '?';
  }
  return text;
}

std::string text_of(const boost::json::value& value) {
  if (value.is_string()) return printable(value.get_string().c_str());
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  return boost::json::serialize(value);
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value =
      object.if_contains(boost::json::string_view(key.data(), key.size()));
  return value == nullptr ? "" : text_of(*value);
}

std::string format_members(const boost::json::object& object) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& member : object) {
    if (member.value().is_object() || member.value().is_array()) continue;
    std::string name(member.key().data(), member.key().size());
    std::ranges::replace(name, '_', ' ');
    rows.push_back({std::move(name), text_of(member.value())});
  }
  return format_table(rows);
}

}  // namespace reveille

#include "dispatcher/admin/route_table.h"

#include <utility>

#include "protocol/http/message.h"

namespace reveille::admin {

namespace {

// Cuts the first segment off, with the slash before it.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

std::optional<std::vector<std::string>> match_path(std::string_view pattern,
                                                   std::string_view path) {
  std::vector<std::string> parameters;
  while (!pattern.empty()) {
    if (!path.starts_with('/')) return std::nullopt;
    const std::string_view expected = take_segment(pattern);
    if (expected == "{*}") {
      std::optional<std::string> rest = http::decode_path(path.substr(1));
      if (!rest) return std::nullopt;
      parameters.push_back(*std::move(rest));
      return parameters;
    }
    const std::string_view segment = take_segment(path);
    if (expected == "{}") {
      std::optional<std::string> decoded = http::decode_path(segment);
      if (!decoded || decoded->empty()) return std::nullopt;
      parameters.push_back(*std::move(decoded));
    } else if (segment != expected) {
      return std::nullopt;
    }
  }
  if (!path.empty()) return std::nullopt;
  return parameters;
}

std::optional<std::string> cleaned_path(std::string_view path) {
  std::string cleaned;
  for (const char character : path) {
    if (character == '/' && cleaned.ends_with('/')) continue;
    cleaned += character;
  }
  if (cleaned == "/v1/push" || cleaned == "/v1/enqueue") cleaned += '/';
  if (cleaned == path) return std::nullopt;
  return cleaned;
}

}  // namespace reveille::admin

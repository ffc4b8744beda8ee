#include "dispatcher/admin/page_limit.h"

#include <charconv>
#include <string>

#include "protocol/http/message.h"

namespace reveille::admin {

Result<std::size_t> parse_limit(std::string_view query, std::size_t limit_default,
                                std::size_t limit_max) {
  const auto text = http::query_parameter(query, "limit");
  if (!text) return limit_default;
  std::size_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, limit);
  if (error != std::errc{} || rest != end || limit < 1 || limit > limit_max) {
    return failure(ErrorCode::malformed, "\"limit\" must be 1 to " + std::to_string(limit_max));
  }
  return limit;
}

}  // namespace reveille::admin

#pragma once

#include <cstddef>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille::admin {

// "limit=N" of a query: how many entries a page has at most. Errors: malformed, naming the range.
Result<std::size_t> parse_limit(std::string_view query, std::size_t limit_default,
                                std::size_t limit_max);

}  // namespace reveille::admin

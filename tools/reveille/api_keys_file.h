#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace reveille {

// One key a line, at least 16 characters; empty lines and those that begin with '#' are skipped.
// Errors: unavailable, naming file and line, never the key.
Result<std::vector<std::string>> load_api_keys(const std::filesystem::path& file);

}  // namespace reveille

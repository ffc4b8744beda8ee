#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::admin {

// Matches a path, as sent, against a pattern, and returns its variable segments percent-decoded;
// nullopt when it does not match or a percent escape is broken.
//
//   "{}"   exactly one segment, not empty
//   "{*}"  the rest of the path, which may be empty or hold slashes
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path);

// Where a request is sent that doubles a slash, or that lacks the slash before an empty "{*}", as
// Go's net/http does for NanoMDM; nullopt when the path is as it should be.
std::optional<std::string> cleaned_path(std::string_view path);

}  // namespace reveille::admin

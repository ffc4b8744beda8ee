#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille::device {

// Where declarative management messages go: the base that endpoints are resolved against.
struct DeclarationUrl {
  bool tls = true;
  std::string host;  // without brackets
  std::uint16_t port = 443;
  std::string authority;  // for the Host field
  std::string folder;     // "/", "/ddm/": up to and with the last slash of the URL's path
};

// "https://ddm.example.com:8443/ddm/". The path ends in '/', or its last segment would be lost, as
// in any relative reference. Errors: malformed.
Result<DeclarationUrl> parse_declaration_url(std::string_view url);

// Which of the four endpoints it is (protocol.md section 5).
enum class DeclarationEndpoint { tokens, items, declaration, status };

// nullopt when it is none: "tokens", "declaration-items", "status", "declaration/KIND/IDENTIFIER"
// with KIND activation, asset, configuration or management; an identifier may hold '/'. Segments
// that would lead out of the folder ("..", "." and empty ones) are none: the device wrote them.
std::optional<DeclarationEndpoint> declaration_endpoint(std::string_view endpoint);

// The request's target: the endpoint behind the folder, percent-encoded where a path needs it.
std::string declaration_target(const DeclarationUrl& url, std::string_view endpoint);

}  // namespace reveille::device

#include "dispatcher/device/declaration_url.h"

#include <array>
#include <charconv>

namespace reveille::device {
namespace {

constexpr std::string_view kinds[] = {"activation", "asset", "configuration", "management"};

std::unexpected<Error> malformed(const char* what) {
  return failure(ErrorCode::malformed, std::string("the URL ") + what);
}

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

// RFC 3986 section 3.3: what a path may hold as it is.
bool is_path_character(char character) {
  const bool is_alphanumeric = (character >= '0' && character <= '9') ||
                               (character >= 'A' && character <= 'Z') ||
                               (character >= 'a' && character <= 'z');
  return is_alphanumeric || std::string_view("-._~!$&'()*+,;=:@/").find(character) !=
                                std::string_view::npos;
}

bool has_leading_out_segment(std::string_view path) {
  for (;;) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

Result<void> read_authority(std::string_view authority, DeclarationUrl& url) {
  url.authority = authority;
  std::string_view port;
  if (take(authority, "[")) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return malformed("has no ']' behind its address");
    url.host = authority.substr(0, end);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (url.host.empty()) return malformed("names no host");
  if (authority.find('@') != std::string_view::npos) return malformed("must not hold a password");
  url.port = url.tls ? 443 : 80;
  if (port.empty()) return {};
  if (!take(port, ":")) return malformed("has something else than a port behind its host");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return malformed("has a port that is no number from 1 to 65535");
  }
  return {};
}

}  // namespace

Result<DeclarationUrl> parse_declaration_url(std::string_view text) {
  DeclarationUrl url;
  if (take(text, "http://")) {
    url.tls = false;
  } else if (!take(text, "https://")) {
    return malformed("begins with neither https:// nor http://");
  }
  const std::size_t slash = text.find('/');
  const Result<void> read = read_authority(text.substr(0, slash), url);
  if (!read) return std::unexpected(read.error());
  url.folder = slash == std::string_view::npos ? "/" : text.substr(slash);
  if (!url.folder.ends_with('/')) return malformed("must end in '/'");
  for (const char character : url.folder) {
    if (!is_path_character(character) && character != '%') {
      return malformed("has a path with a character that a path cannot hold, or a query");
    }
  }
  return url;
}

std::optional<DeclarationEndpoint> declaration_endpoint(std::string_view endpoint) {
  if (endpoint == "tokens") return DeclarationEndpoint::tokens;
  if (endpoint == "declaration-items") return DeclarationEndpoint::items;
  if (endpoint == "status") return DeclarationEndpoint::status;
  if (!take(endpoint, "declaration/")) return std::nullopt;
  for (const std::string_view kind : kinds) {
    std::string_view identifier = endpoint;
    if (!take(identifier, kind) || !take(identifier, "/")) continue;
    if (has_leading_out_segment(identifier)) return std::nullopt;
    return DeclarationEndpoint::declaration;
  }
  return std::nullopt;
}

std::string declaration_target(const DeclarationUrl& url, std::string_view endpoint) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string target = url.folder;
  for (const char character : endpoint) {
    if (is_path_character(character)) {
      target.push_back(character);
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    target.push_back('%');
    target.push_back(digits[byte >> 4]);
    target.push_back(digits[byte & 15]);
  }
  return target;
}

}  // namespace reveille::device

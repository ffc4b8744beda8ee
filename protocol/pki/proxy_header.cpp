#include "protocol/pki/proxy_header.h"

#include <optional>

#include "protocol/base/base64.h"
#include "protocol/base/bytes.h"

namespace reveille::pki {

namespace {

std::string_view without_outer_blanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// A byte sequence of RFC 8941: no blanks inside, no parameters behind.
Result<Certificate> from_byte_sequence(std::string_view value) {
  if (value.size() < 2 || value.back() != ':' ||
      value.find_first_of(" \t\r\n") != std::string_view::npos) {
    return failure(ErrorCode::malformed, "Client-Cert: not a byte sequence");
  }
  const auto der = from_base64(value.substr(1, value.size() - 2));
  if (!der) return failure(ErrorCode::malformed, "Client-Cert: not Base64");
  return Certificate::from_der(*der);
}

std::optional<std::string> query_unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      const auto byte = text.size() - i < 3 ? std::nullopt : from_hex(text.substr(i + 1, 2));
      if (!byte) return std::nullopt;
      plain += *byte;
      i += 2;
    }
  }
  return plain;
}

}  // namespace

Result<Certificate> certificate_from_proxy_header(std::string_view value) {
  value = without_outer_blanks(value);
  if (value.starts_with(':')) return from_byte_sequence(value);
  const auto pem = query_unescaped(value);
  if (!pem) return failure(ErrorCode::malformed, "client certificate header: broken % escape");
  return Certificate::from_pem(*pem);
}

}  // namespace reveille::pki

#include "protocol/pki/http_digest.h"

#include <openssl/crypto.h>

#include <array>
#include <map>
#include <optional>

#include "protocol/pki/openssl.h"

namespace reveille::pki {
namespace {

constexpr std::size_t credentials_bytes_max = 4'096;
constexpr std::string_view scheme = "Digest ";

Result<std::string> md5_hex(const std::string& text) {
  const ErrorQueueScope errors;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Not a matter of strength: the device knows no other algorithm.
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
    return openssl_failure(ErrorCode::unavailable, "MD5");
  }
  return to_hex(BytesView(reinterpret_cast<const char*>(digest.data()), size));
}

bool is_same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    while (!text.empty() && text.front() != ',' && text.front() != ' ') {
      value.push_back(text.front());
      text.remove_prefix(1);
    }
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\') text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    value.push_back(text.front());
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

using Parameters = std::map<std::string, std::string>;

// name=value or name="value", by commas; each name once.
std::optional<Parameters> parse_parameters(std::string_view text) {
  Parameters parameters;
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::string name = lower_case(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    std::optional<std::string> value = take_value(text);
    if (!value || !parameters.emplace(std::move(name), *std::move(value)).second) {
      return std::nullopt;
    }
    skip_blanks(text);
    if (text.empty()) break;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
  return parameters;
}

std::string take(Parameters& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : std::move(found->second);
}

bool is_complete(const DigestCredentials& credentials) {
  for (const std::string* required : {&credentials.user_name, &credentials.realm,
                                      &credentials.nonce, &credentials.uri,
                                      &credentials.response}) {
    if (required->empty()) return false;
  }
  const bool has_quality = !credentials.quality_of_protection.empty();
  if (!has_quality) return true;
  return credentials.quality_of_protection == "auth" && !credentials.nonce_count.empty() &&
         !credentials.client_nonce.empty();
}

}  // namespace

std::string write_digest_challenge(std::string_view nonce, std::string_view realm) {
  return std::string(scheme) + "nonce=\"" + std::string(nonce) + "\",realm=\"" +
         std::string(realm) + "\"";
}

Result<DigestCredentials> parse_digest_credentials(std::string_view text) {
  const auto malformed = [] { return failure(ErrorCode::malformed, "not a digest response"); };
  if (text.size() > credentials_bytes_max) return malformed();
  if (lower_case(text.substr(0, scheme.size())) != "digest ") return malformed();
  auto parameters = parse_parameters(text.substr(scheme.size()));
  if (!parameters) return malformed();
  const std::string algorithm = lower_case(take(*parameters, "algorithm"));
  if (!algorithm.empty() && algorithm != "md5") return malformed();
  DigestCredentials credentials{
      .user_name = take(*parameters, "username"),
      .realm = take(*parameters, "realm"),
      .nonce = take(*parameters, "nonce"),
      .uri = take(*parameters, "uri"),
      .response = lower_case(take(*parameters, "response")),
      .quality_of_protection = take(*parameters, "qop"),
      .nonce_count = take(*parameters, "nc"),
      .client_nonce = take(*parameters, "cnonce"),
  };
  if (!is_complete(credentials)) return malformed();
  return credentials;
}

Result<std::string> digest_secret(std::string_view user_name, std::string_view realm,
                                  std::string_view password) {
  std::string text(user_name);
  text.append(":").append(realm).append(":").append(password);
  return md5_hex(text);
}

Result<std::string> digest_response(const DigestCredentials& credentials, std::string_view secret,
                                    std::string_view method) {
  const auto request = md5_hex(std::string(method) + ":" + credentials.uri);
  if (!request) return request;
  std::string text(secret);
  text.append(":").append(credentials.nonce).append(":");
  if (!credentials.quality_of_protection.empty()) {
    text.append(credentials.nonce_count).append(":").append(credentials.client_nonce);
    text.append(":").append(credentials.quality_of_protection).append(":");
  }
  return md5_hex(text.append(*request));
}

Result<bool> digest_proves(const DigestCredentials& credentials, std::string_view secret) {
  bool proves = false;
  for (const char* method : {"PUT", "GET", "POST"}) {
    const auto expected = digest_response(credentials, secret, method);
    if (!expected) return std::unexpected(expected.error());
    proves = is_same(*expected, credentials.response) || proves;
  }
  return proves;
}

}  // namespace reveille::pki

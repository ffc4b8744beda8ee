#include "dispatcher/device/token_services.h"

#include <array>
#include <utility>

#include "protocol/base/base64.h"
#include "protocol/pki/authentication_code.h"
#include "protocol/pki/json_web_token.h"
#include "protocol/plist/fields.h"

namespace reveille::device {
namespace {

constexpr const char* maid_name = "com.apple.maid";
constexpr std::size_t parameter_bytes_max = 512;

void append_big_endian(Bytes& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

void append_text(Bytes& bytes, const std::string& text) {
  append_big_endian(bytes, text.size(), 2);
  bytes += text;
}

// Of bytes whose code has been verified: nobody but us wrote them.
std::optional<std::uint64_t> take_big_endian(BytesView& bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, size)) value = value << 8 | static_cast<unsigned char>(byte);
  bytes.remove_prefix(size);
  return value;
}

std::optional<std::string> take_text(BytesView& bytes) {
  const auto size = take_big_endian(bytes, 2);
  if (!size || bytes.size() < *size) return std::nullopt;
  std::string text(bytes.substr(0, *size));
  bytes.remove_prefix(*size);
  return text;
}

Result<WatchPairingService::Pairing> read_pairing(const plist::Dictionary& parameters) {
  plist::Fields fields(parameters);
  WatchPairingService::Pairing pairing{
      .security_token = fields.required_string("SecurityToken"),
      .phone_udid = fields.required_string("PhoneUDID"),
      .watch_udid = fields.required_string("WatchUDID"),
  };
  for (const std::string* text :
       {&pairing.security_token, &pairing.phone_udid, &pairing.watch_udid}) {
    if (text->size() > parameter_bytes_max) fields.fail("a parameter is too long");
  }
  return fields.finish(std::move(pairing));
}

std::unexpected<Error> not_ours() {
  return failure(ErrorCode::unauthorised, "not a pairing token of ours");
}

}  // namespace

Result<Bytes> MaidService::token(RandomSource& random, storage::Time now) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  // The configuration admits nothing as server_uuid that JSON would have to escape.
  const std::string claims = R"({"iss":")" + server_uuid + R"(","iat":)" + std::to_string(seconds) +
                             R"(,"jti":")" + random.uuid() + R"(","service_type":")" + maid_name +
                             R"("})";
  return pki::sign_json_web_token(claims, key);
}

Result<Bytes> WatchPairingService::token(const mdm::GetToken& message, storage::Time now) const {
  const auto pairing = read_pairing(message.token_parameters);
  if (!pairing) return std::unexpected(pairing.error());
  const mdm::Identity& identity = message.identity;
  const bool names_itself = identity.kind != mdm::IdentityKind::device ||
                            pairing->phone_udid == identity.device.text();
  if (!names_itself) {
    return failure(ErrorCode::malformed, "PhoneUDID is not the device that asks");
  }
  Bytes body;
  const storage::Time expires_at = now + lifetime;
  append_big_endian(body, static_cast<std::uint64_t>(expires_at.time_since_epoch().count()), 8);
  append_text(body, pairing->security_token);
  append_text(body, pairing->phone_udid);
  append_text(body, pairing->watch_udid);
  return to_base64url(body) + "." + to_base64url(pki::authentication_code(key, body));
}

Result<WatchPairingService::Pairing> WatchPairingService::verify(std::string_view token,
                                                                 storage::Time now) const {
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return not_ours();
  const auto body = from_base64url(token.substr(0, dot));
  const auto code = from_base64url(token.substr(dot + 1));
  if (!body || !code || !pki::is_same_secret(*code, pki::authentication_code(key, *body))) {
    return not_ours();
  }
  BytesView left = *body;
  const auto expires_at = take_big_endian(left, 8);
  auto security_token = take_text(left);
  auto phone = take_text(left);
  auto watch = take_text(left);
  if (!expires_at || !security_token || !phone || !watch || !left.empty()) return not_ours();
  if (static_cast<std::uint64_t>(now.time_since_epoch().count()) >= *expires_at) {
    return failure(ErrorCode::unauthorised, "the pairing token has expired");
  }
  return Pairing{.security_token = *std::move(security_token),
                 .phone_udid = *std::move(phone),
                 .watch_udid = *std::move(watch)};
}

Result<std::optional<Bytes>> TokenServices::token(const mdm::GetToken& message,
                                                  RandomSource& random, storage::Time now) const {
  Result<Bytes> token;
  if (message.token_service_type == maid_name && maid) {
    token = maid->token(random, now);
  } else if (message.token_service_type == WatchPairingService::name && watch_pairing) {
    token = watch_pairing->token(message, now);
  } else {
    return std::nullopt;
  }
  if (!token) return std::unexpected(token.error());
  return *std::move(token);
}

}  // namespace reveille::device

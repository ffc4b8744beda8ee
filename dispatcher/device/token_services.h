#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "dispatcher/runtime/random_source.h"
#include "protocol/mdm/check_in.h"
#include "protocol/pki/key.h"
#include "storage/records.h"

// What GetToken hands out (protocol.md section 3). Immutable; any thread.
namespace reveille::device {

// com.apple.maid: vouches at Apple for this server, so that a managed device may sign in a Managed
// Apple Account. Apple knows the key by the certificate that was registered for the server.
struct MaidService {
  std::string server_uuid;  // of this server in Apple Business or School Manager
  pki::PrivateKey key;      // RSA

  // A JSON Web Token. Errors: malformed (see sign_json_web_token()).
  Result<Bytes> token(RandomSource& random, storage::Time now) const;
};

// com.apple.watch.pairing: vouches to ourselves that a phone of ours asks for this watch to enrol.
//
//   token = body '.' code                           both in URL-safe Base64
//   body  = expires_at:8 (milliseconds since 1970), then SecurityToken, PhoneUDID and WatchUDID,
//           each behind its size:2, big-endian
//   code  = HMAC-SHA-256 of body under `key`
struct WatchPairingService {
  static constexpr const char* name = "com.apple.watch.pairing";

  struct Pairing {
    std::string security_token;  // what the server told the watch: spend it, and no replay succeeds
    std::string phone_udid;
    std::string watch_udid;

    friend bool operator==(const Pairing&, const Pairing&) = default;
  };

  Bytes key;  // 32 bytes, of its own
  std::chrono::seconds lifetime = std::chrono::minutes(10);

  // Errors: malformed: a parameter is missing, or the phone is not the device that asks.
  Result<Bytes> token(const mdm::GetToken& message, storage::Time now) const;

  // What a token vouches for. Errors: unauthorised (forged, changed, expired).
  Result<Pairing> verify(std::string_view token, storage::Time now) const;
};

struct TokenServices {
  std::optional<MaidService> maid;
  std::optional<WatchPairingService> watch_pairing;

  // nullopt: there is no such service here. Errors: malformed.
  Result<std::optional<Bytes>> token(const mdm::GetToken& message, RandomSource& random,
                                     storage::Time now) const;
};

}  // namespace reveille::device

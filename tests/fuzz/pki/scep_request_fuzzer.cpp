// A PKIOperation message; the first byte picks what is fed: the whole message, or what lies under a
// good outer signature, which no mutation would ever reach.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "protocol/pki/scep.h"
#include "protocol/pki/scep_message.h"
#include "tests/fuzz/pki/identities.h"

namespace {

using reveille::Bytes;
using reveille::ensure;
using namespace reveille::pki;

Bytes signed_around(const Bytes& content) {
  scep::Attributes attributes;
  attributes.message_type = 19;
  attributes.sender_nonce = Bytes(16, 'n');
  attributes.transaction_id = "1";
  return scep::sign_message(attributes, content, fuzz::device(), fuzz::device_key()).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  Bytes message(reinterpret_cast<const char*>(bytes) + 1, count - 1);
  if (bytes[0] % 3 == 1) message = signed_around(message);
  if (bytes[0] % 3 == 2) message = signed_around(encrypt(message, fuzz::ra()).value());

  const auto request = scep::parse_request(message, fuzz::ra(), fuzz::ra_key());
  if (request) {
    ensure(!request->transaction_id.empty() && request->transaction_id.size() <= 255 &&
               !request->sender_nonce.empty() && request->sender_nonce.size() <= 64,
           "what is echoed is bounded");
    // Whatever was accepted can be answered, unless the signer's key is for signing only.
    [[maybe_unused]] const auto answer = scep::make_success(
        *request, fuzz::device(), {}, fuzz::ra(), fuzz::ra_key(), Bytes(16, 'f'));
  } else if (request.error().envelope) {
    ensure(scep::make_failure(*request.error().envelope, request.error().fail_info, fuzz::ra(),
                              fuzz::ra_key(), Bytes(16, 'f'))
               .has_value(),
           "a refusal that names its transaction can be answered");
  }
  ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}

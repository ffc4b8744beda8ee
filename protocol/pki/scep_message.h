#pragma once

#include <optional>
#include <string>

#include "protocol/pki/cms_message.h"
#include "protocol/pki/openssl.h"
#include "protocol/pki/scep.h"

// Private to protocol/pki: what both ends of SCEP share, a SignedData with SCEP's signed
// attributes.
namespace reveille::pki::scep {

// RFC 8894, 3.2.1; 2.16.840.1.113733.1.9 and, of each:
//   2 messageType    PrintableString, decimal       5 senderNonce     OCTET STRING
//   3 pkiStatus      PrintableString, decimal       6 recipientNonce  OCTET STRING
//   4 failInfo       PrintableString, decimal       7 transactionID   PrintableString
struct Attributes {
  std::optional<int> message_type;
  std::optional<int> status;
  std::optional<int> fail_info;
  std::optional<Bytes> sender_nonce;
  std::optional<Bytes> recipient_nonce;
  std::optional<std::string> transaction_id;
};

constexpr int status_success = 0;
constexpr int status_failure = 2;
constexpr int status_pending = 3;

// Parsed, and nothing verified.
struct Message {
  CmsPointer cms;
  Attributes attributes;
};

// Errors: malformed (bytes, number of signers, an attribute that comes twice or is none of its
// kind).
Result<Message> parse_message(BytesView bytes);

// Signs `content` (nullopt: none, as a failure has it) and `attributes`, the signer's certificate
// included. Errors: malformed (the key is not the certificate's), unavailable.
Result<Bytes> sign_message(const Attributes& attributes, const std::optional<Bytes>& content,
                           const Certificate& signer, const PrivateKey& key);

}  // namespace reveille::pki::scep

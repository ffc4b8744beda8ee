// What the server makes of requests.
#include <gtest/gtest.h>

#include "protocol/pki/cms.h"
#include "protocol/pki/scep_message.h"
#include "tests/protocol/pki/scep_fixture.h"

namespace reveille::pki::scep {
namespace {

class ScepRequestTest : public ScepTest {
 protected:
  // A message made as make_request() makes it, with anything inside.
  Bytes message_around(const Bytes& enveloped, const ClientRequest& request,
                       std::optional<int> type = 19) {
    Attributes attributes;
    attributes.message_type = type;
    attributes.sender_nonce = request.sender_nonce;
    attributes.transaction_id = request.transaction_id;
    return must(sign_message(attributes, enveloped, request.signer, request.signer_key));
  }

  // Refused with an answer that the client can be given.
  void expect_refused(const Bytes& message, FailInfo fail_info, ErrorCode code) {
    const auto result = parsed(message);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fail_info, fail_info) << result.error().error.detail;
    EXPECT_EQ(result.error().error.code, code) << result.error().error.detail;
    ASSERT_TRUE(result.error().envelope);
    EXPECT_EQ(result.error().envelope->transaction_id, "transaction-1_*");
    EXPECT_EQ(result.error().envelope->sender_nonce, Bytes(16, 'n'));
  }

  void expect_no_answer(const Bytes& message) {
    const auto result = parsed(message);
    ASSERT_FALSE(result);
    EXPECT_FALSE(result.error().envelope);
    EXPECT_EQ(result.error().error.code, ErrorCode::malformed);
  }
};

TEST_F(ScepRequestTest, AFirstRequestIsOpened) {
  for (const PrivateKey& key : {rsa_key(), ec_key()}) {
    const ClientRequest asked = first_request(key);
    const Request request = opened(asked);

    EXPECT_EQ(request.type, MessageType::pkcs_req);
    EXPECT_EQ(request.transaction_id, asked.transaction_id);
    EXPECT_EQ(request.sender_nonce, asked.sender_nonce);
    EXPECT_EQ(request.signer, asked.signer);
    EXPECT_EQ(request.csr.der(), asked.csr.der());
    EXPECT_EQ(request.csr.challenge_password(), "one-time");
    EXPECT_EQ(request.cipher, ContentCipher::aes_256_cbc);
  }
}

TEST_F(ScepRequestTest, TheClientsCipherIsTold) {
  ClientRequest asked = first_request();
  for (const ContentCipher cipher :
       {ContentCipher::aes_128_cbc, ContentCipher::aes_256_cbc, ContentCipher::des_ede3_cbc}) {
    asked.cipher = cipher;
    EXPECT_EQ(opened(asked).cipher, cipher);
  }
}

TEST_F(ScepRequestTest, ARenewalIsSignedByTheOldIdentityAndAsksForANewKey) {
  const Identity old = device_of(ra_, rsa_key());
  ClientRequest asked = first_request(ec_key());
  asked.signer = old.certificate;
  asked.signer_key = old.key;
  for (const MessageType type :
       {MessageType::renewal_req, MessageType::update_req, MessageType::pkcs_req}) {
    asked.type = type;
    const Request request = opened(asked);
    EXPECT_EQ(request.type, type);
    EXPECT_EQ(request.signer, old.certificate);
    EXPECT_EQ(request.csr.public_key_sha256(), ec_key().public_key_sha256());
  }
}

// As Macs do: "MDM SCEP SIGNER". That the device holds the requested key, the CSR proves.
TEST_F(ScepRequestTest, AFirstRequestMayBeSignedByAThrowAwayKey) {
  ClientRequest asked = first_request(ec_key());
  asked.signer = self_signed_client(rsa_key()).certificate;
  asked.signer_key = rsa_key();

  const Request request = opened(asked);

  EXPECT_EQ(request.signer, asked.signer);
  EXPECT_EQ(request.csr.public_key_sha256(), ec_key().public_key_sha256());
}

TEST_F(ScepRequestTest, AnEnvelopeForAnotherRaIsRefused) {
  const Identity other = authority("Other Authority", rsa_key());
  const ClientRequest asked = first_request(ec_key());
  expect_refused(must(make_request(asked, other.certificate)), FailInfo::bad_message_check,
                 ErrorCode::unauthorised);
}

TEST_F(ScepRequestTest, AnEnvelopeUnderTheRasNameButAnotherKeyIsRefused) {
  const Identity impostor = authority("Example Authority", rsa_key());
  const ClientRequest asked = first_request(ec_key());
  expect_refused(must(make_request(asked, impostor.certificate)), FailInfo::bad_message_check,
                 ErrorCode::unauthorised);
}

TEST_F(ScepRequestTest, AnAlteredMessageIsRefused) {
  Bytes message = message_of(first_request());
  message.back() = static_cast<char>(message.back() ^ 1);
  expect_refused(message, FailInfo::bad_message_check, ErrorCode::unauthorised);
}

// Otherwise a captured envelope could be decrypted by sending it again, altered, under new
// signatures: wrong padding and wrong contents have to look the same.
TEST_F(ScepRequestTest, WrongPaddingAndWrongContentsLookTheSame) {
  const ClientRequest asked = first_request();
  const Bytes no_csr = must(encrypt("not a certificate request", ra_.certificate));
  Bytes unsigned_csr = asked.csr.der();
  unsigned_csr.back() = static_cast<char>(unsigned_csr.back() ^ 1);
  Bytes tampered = must(encrypt(asked.csr.der(), ra_.certificate));
  tampered.back() = static_cast<char>(tampered.back() ^ 1);

  const auto reference = parsed(message_around(no_csr, asked));
  ASSERT_FALSE(reference);
  EXPECT_EQ(reference.error().fail_info, FailInfo::bad_message_check);
  for (const Bytes& enveloped :
       {tampered, must(encrypt(unsigned_csr, ra_.certificate)), must(encrypt("", ra_.certificate)),
        must(encrypt("x", self_signed_client(rsa_key()).certificate))}) {
    const auto result = parsed(message_around(enveloped, asked));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fail_info, reference.error().fail_info);
    EXPECT_EQ(result.error().error, reference.error().error);
  }
}

TEST_F(ScepRequestTest, ContentThatIsNoEnvelopeIsABadRequest) {
  const ClientRequest asked = first_request();
  expect_refused(message_around(asked.csr.der(), asked), FailInfo::bad_request,
                 ErrorCode::malformed);
  expect_refused(message_around("", asked), FailInfo::bad_request, ErrorCode::malformed);
}

TEST_F(ScepRequestTest, OnlyRequestsForCertificatesAreTaken) {
  const ClientRequest asked = first_request();
  const Bytes enveloped = must(encrypt(asked.csr.der(), ra_.certificate));
  for (const std::optional<int> type : std::vector<std::optional<int>>{{}, 0, 1, 3, 16, 21, 190}) {
    expect_refused(message_around(enveloped, asked, type), FailInfo::bad_request,
                   ErrorCode::malformed);
  }
  expect_refused(message_around(enveloped, asked, 20), FailInfo::bad_cert_id, ErrorCode::malformed);
}

TEST_F(ScepRequestTest, WithoutTransactionOrNonceThereIsNobodyToAnswer) {
  ClientRequest asked = first_request();
  const Bytes enveloped = must(encrypt(asked.csr.der(), ra_.certificate));
  Attributes attributes;
  attributes.message_type = 19;
  attributes.sender_nonce = Bytes(16, 'n');
  expect_no_answer(must(sign_message(attributes, enveloped, asked.signer, asked.signer_key)));
  attributes.sender_nonce = std::nullopt;
  attributes.transaction_id = "1";
  expect_no_answer(must(sign_message(attributes, enveloped, asked.signer, asked.signer_key)));
}

TEST_F(ScepRequestTest, WhatWouldBeEchoedIsBounded) {
  ClientRequest asked = first_request();
  asked.sender_nonce = Bytes(65, 'n');
  expect_no_answer(message_of(asked));
  asked = first_request();
  asked.transaction_id = std::string(256, 't');
  expect_no_answer(message_of(asked));
  asked.transaction_id = "line\nbreak";
  expect_no_answer(message_of(asked));
}

TEST_F(ScepRequestTest, WhatIsNotAScepMessageGetsNoAnswer) {
  const ClientRequest asked = first_request();
  const Bytes message = message_of(asked);
  expect_no_answer("");
  expect_no_answer("PKIOperation");
  expect_no_answer(asked.csr.der());
  expect_no_answer(message + '\0');
  expect_no_answer(message.substr(0, message.size() / 2));
  expect_no_answer(must(sign_attached("x", asked.signer, asked.signer_key)));
  expect_no_answer(must(encrypt(asked.csr.der(), ra_.certificate)));
}

TEST_F(ScepRequestTest, CapabilitiesAreOnesThatWeHave) {
  EXPECT_EQ(capabilities(),
            "AES\nDES3\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-1\nSHA-256\nSHA-512\n");
}

}  // namespace
}  // namespace reveille::pki::scep

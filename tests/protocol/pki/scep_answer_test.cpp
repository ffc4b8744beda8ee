// What the server answers, and what the client makes of it.
#include <gtest/gtest.h>

#include "protocol/pki/cms.h"
#include "protocol/pki/scep_message.h"
#include "tests/protocol/pki/openssl_tool.h"
#include "tests/protocol/pki/scep_fixture.h"

namespace reveille::pki::scep {
namespace {

class ScepAnswerTest : public ScepTest {
 protected:
  Bytes success_for(const ClientRequest& asked) {
    const Request request = opened(asked);
    const std::vector<Certificate> chain{ra_.certificate};
    return must(
        make_success(request, issued_for(request), chain, ra_.certificate, ra_.key, fresh_nonce_));
  }

  Bytes failure_for(const ClientRequest& asked, FailInfo fail_info) {
    const RequestEnvelope envelope{.transaction_id = asked.transaction_id,
                                   .sender_nonce = asked.sender_nonce};
    return must(make_failure(envelope, fail_info, ra_.certificate, ra_.key, fresh_nonce_));
  }

  Result<Answer> read(const Bytes& answer, const ClientRequest& asked,
                      const PrivateKey& key = rsa_key()) {
    return parse_answer(answer, asked, ra_.certificate, key);
  }

  void expect_unauthorised(const Result<Answer>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unauthorised) << answer.error().detail;
  }
};

TEST_F(ScepAnswerTest, ADeviceGetsTheCertificateOfItsKey) {
  for (const PrivateKey& key : {rsa_key(), ec_key()}) {
    const ClientRequest asked = first_request(key);
    const auto answer = must(read(success_for(asked), asked, key));

    EXPECT_EQ(answer.status, Answer::Status::success);
    ASSERT_TRUE(answer.issued);
    EXPECT_TRUE(answer.issued->belongs_to(key));
    const std::vector<Certificate> anchors{ra_.certificate};
    EXPECT_TRUE(verify_client_certificate(*answer.issued, {}, anchors, today));
  }
}

TEST_F(ScepAnswerTest, TheAnswerIsEncryptedAsTheQuestionWas) {
  for (const ContentCipher cipher :
       {ContentCipher::aes_128_cbc, ContentCipher::aes_256_cbc, ContentCipher::des_ede3_cbc}) {
    ClientRequest asked = first_request();
    asked.cipher = cipher;
    const Bytes answer = success_for(asked);
    const auto enveloped = must(verify_attached(answer)).content;
    EXPECT_EQ(must(decrypt_telling_cipher(enveloped, asked.signer, asked.signer_key)).cipher,
              cipher);
    EXPECT_TRUE(read(answer, asked));
  }
}

TEST_F(ScepAnswerTest, ARenewedKeyGetsItsCertificateThroughTheOldOne) {
  const Identity old = device_of(ra_, rsa_key());
  ClientRequest asked = first_request(ec_key());
  asked.type = MessageType::renewal_req;
  asked.signer = old.certificate;
  asked.signer_key = old.key;

  const auto answer = must(read(success_for(asked), asked, ec_key()));

  ASSERT_TRUE(answer.issued);
  EXPECT_TRUE(answer.issued->belongs_to(ec_key()));
}

TEST_F(ScepAnswerTest, EachFailureArrivesWithItsReason) {
  const ClientRequest asked = first_request();
  for (const FailInfo reason : {FailInfo::bad_alg, FailInfo::bad_message_check,
                                FailInfo::bad_request, FailInfo::bad_time, FailInfo::bad_cert_id}) {
    const auto answer = must(read(failure_for(asked, reason), asked));
    EXPECT_EQ(answer.status, Answer::Status::failure);
    EXPECT_EQ(answer.fail_info, reason);
    EXPECT_FALSE(answer.issued);
  }
}

TEST_F(ScepAnswerTest, AnAnswerToAnotherRequestIsRefused) {
  const ClientRequest asked = first_request();
  const Bytes success = success_for(asked);
  const Bytes failure = failure_for(asked, FailInfo::bad_time);

  ClientRequest other_nonce = first_request();
  other_nonce.sender_nonce = Bytes(16, 'o');
  ClientRequest other_transaction = first_request();
  other_transaction.transaction_id = "transaction-2";
  for (const Bytes& replayed : {success, failure}) {
    expect_unauthorised(read(replayed, other_nonce));
    expect_unauthorised(read(replayed, other_transaction));
  }
}

TEST_F(ScepAnswerTest, AnAnswerThatTheRaDidNotSignIsRefused) {
  const ClientRequest asked = first_request();
  const Identity impostor = authority("Example Authority", ec_key());
  const RequestEnvelope envelope{.transaction_id = asked.transaction_id,
                                 .sender_nonce = asked.sender_nonce};
  expect_unauthorised(read(must(make_failure(envelope, FailInfo::bad_alg, impostor.certificate,
                                             impostor.key, fresh_nonce_)),
                           asked));
  Bytes altered = failure_for(asked, FailInfo::bad_alg);
  altered.back() = static_cast<char>(altered.back() ^ 1);
  expect_unauthorised(read(altered, asked));
}

TEST_F(ScepAnswerTest, ACertificateForAnotherKeyIsNoSuccess) {
  const ClientRequest asked = first_request();
  const Request request = opened(asked);
  const Bytes answer = must(make_success(request, device_of(ra_, ec_key()).certificate, {},
                                         ra_.certificate, ra_.key, fresh_nonce_));
  const auto result = read(answer, asked);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::malformed);
}

TEST_F(ScepAnswerTest, PendingAndWhatIsNoAnswerAreToldApart) {
  const ClientRequest asked = first_request();
  Attributes attributes;
  attributes.message_type = 3;
  attributes.status = 3;
  attributes.recipient_nonce = asked.sender_nonce;
  attributes.transaction_id = asked.transaction_id;
  const auto signed_by_ra = [&] {
    return must(sign_message(attributes, std::nullopt, ra_.certificate, ra_.key));
  };
  EXPECT_EQ(must(read(signed_by_ra(), asked)).status, Answer::Status::pending);
  attributes.status = 2;
  const auto unexplained = must(read(signed_by_ra(), asked));
  EXPECT_EQ(unexplained.status, Answer::Status::failure);
  EXPECT_FALSE(unexplained.fail_info);
  for (const std::optional<int> status : std::vector<std::optional<int>>{0, 1, 4, {}}) {
    attributes.status = status;
    EXPECT_FALSE(read(signed_by_ra(), asked));  // a success has content
  }
  attributes.status = 2;
  attributes.message_type = 19;
  EXPECT_FALSE(read(signed_by_ra(), asked));
  EXPECT_FALSE(read("", asked));
}

TEST_F(ScepAnswerTest, AnRaWithoutAnRsaKeyIsNotAsked) {
  const auto message = make_request(first_request(), authority("EC", ec_key()).certificate);
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, ErrorCode::malformed);
}

TEST_F(ScepAnswerTest, TheCommandReadsOurAnswerLayerByLayer) {
  if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
  const ClientRequest asked = first_request();
  const OpensslTool openssl;
  openssl.write("answer.der", success_for(asked));
  openssl.write("ra.pem", ra_.certificate.pem());
  openssl.write("signer.pem", asked.signer.pem());
  openssl.write("key.pem", asked.signer_key.to_pem());
  for (const std::string arguments :
       {"cms -verify -inform DER -in answer.der -CAfile ra.pem -purpose any -attime 1772323200 "
        "-out enveloped.der",
        "cms -decrypt -inform DER -in enveloped.der -recip signer.pem -inkey key.pem -out bundle",
        "pkcs7 -inform DER -in bundle -print_certs -out certificates.pem"}) {
    const auto done = openssl.run(arguments);
    ASSERT_EQ(done.exit_status, 0) << arguments << '\n' << done.output;
  }
  const auto certificates = must(Certificate::all_from_pem(openssl.read("certificates.pem")));
  EXPECT_EQ(certificates.size(), 2U);
  const auto printed = openssl.run("asn1parse -inform DER -in answer.der").output;
  for (const std::string attribute : {"1.9.2", "1.9.3", "1.9.5", "1.9.6", "1.9.7"}) {
    EXPECT_NE(printed.find(":2.16.840.1.113733." + attribute), std::string::npos) << attribute;
  }
}

}  // namespace
}  // namespace reveille::pki::scep

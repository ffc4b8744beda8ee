// SCEP messages of the field: each file of the folder is in one of these tests, which asserts what
// the corpus's index says.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/scep_message.h"
#include "tests/protocol/pki/corpus.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki::scep {
namespace {

class ScepCorpusTest : public CorpusTest {
 protected:
  ScepCorpusTest() : CorpusTest("scep") {}

  Identity micromdm() const {
    return {must(Certificate::from_pem(contents_of("ca-micromdm.pem"))),
            must(PrivateKey::from_pem(contents_of("ca-micromdm.key")))};
  }
};

// "%2B" and its like; a query has no other escapes here.
Bytes percent_decoded(std::string_view text) {
  Bytes plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    plain += from_hex(text.substr(i + 1, 2)).value();
    i += 2;
  }
  return plain;
}

TEST_F(ScepCorpusTest, EveryFileIsInATest) {
  expect_only(std::set<std::string>{
      "ca-micromdm.key", "ca-micromdm.pem", "ca2-ms-ra.pem", "certrep-ms-no-certificates.der",
      "cryptlib-scep-req0.der", "cryptlib-scep-req1.der", "cryptlib-scep-req2.der",
      "cryptlib-scep-resp0.der", "getcacaps-micromdm.txt", "getcacert-micromdm.der",
      "getcacert-ms-ra-chain.p7", "pkcsreq-osx-2016.der", "pkioperation-get-query-escaped.txt"});
}

TEST_F(ScepCorpusTest, AnAuthorityAndItsKeyWithTheEmptyPassPhraseAreRead) {
  const Identity ra = micromdm();
  EXPECT_TRUE(ra.certificate.belongs_to(ra.key));
  EXPECT_EQ(ra.certificate.subject(), "OU=CA,O=etcd-ca,C=USA");
  EXPECT_EQ(ra.certificate.serial_hex(), "01");
  EXPECT_EQ(ra.certificate.not_after(), Time(std::chrono::seconds(1'780'062'428)));  // 2026-05-29
  EXPECT_EQ(must(Certificate::from_der(contents_of("getcacert-micromdm.der"))), ra.certificate);
}

TEST_F(ScepCorpusTest, ARequestOfAMacIsOpened) {
  const Identity ra = micromdm();
  const Bytes message = contents_of("pkcsreq-osx-2016.der");

  const auto request = parse_request(message, ra.certificate, ra.key);

  ASSERT_TRUE(request) << request.error().error.detail;
  EXPECT_EQ(request->type, MessageType::pkcs_req);
  EXPECT_EQ(request->transaction_id, "A13090761A30F66664F85D37433D2065E1112BA1");
  EXPECT_EQ(request->sender_nonce, from_hex("ae7fe8816cc6bedd"));
  EXPECT_EQ(request->signer.common_name(), "MDM SCEP SIGNER");
  EXPECT_TRUE(request->signer.is_self_signed());
  EXPECT_NE(request->signer.public_key_sha256(), request->csr.public_key_sha256());
  EXPECT_TRUE(request->csr.is_rsa());
  EXPECT_EQ(request->csr.key_bits(), 1024);
  EXPECT_EQ(request->csr.challenge_password(), std::nullopt);
}

TEST_F(ScepCorpusTest, ARequestOfAMacCanBeAnswered) {
  const Identity ra = micromdm();
  const auto request = parse_request(contents_of("pkcsreq-osx-2016.der"), ra.certificate, ra.key);
  ASSERT_TRUE(request) << request.error().error.detail;
  const auto issued = must(issue(request->csr, contents_for("mac"), ra.certificate, ra.key));

  const Bytes answer =
      must(make_success(*request, issued, {}, ra.certificate, ra.key, Bytes(16, 'f')));

  const auto attributes = must(parse_message(answer)).attributes;
  EXPECT_EQ(attributes.transaction_id, request->transaction_id);
  EXPECT_EQ(attributes.recipient_nonce, request->sender_nonce);
}

TEST_F(ScepCorpusTest, AMessageInAQueryIsTheSameMessage) {
  const std::string query = contents_of("pkioperation-get-query-escaped.txt");
  const std::string start = "operation=PKIOperation&message=";
  ASSERT_TRUE(query.starts_with(start));
  EXPECT_EQ(from_base64(percent_decoded(std::string_view(query).substr(start.size()))),
            contents_of("pkcsreq-osx-2016.der"));
}

TEST_F(ScepCorpusTest, AnAnswerOfWindowsNeedsItsSignersCertificate) {
  const Bytes message = contents_of("certrep-ms-no-certificates.der");
  const auto bundle = must(Certificate::all_from_pem(contents_of("ca2-ms-ra.pem")));
  ASSERT_EQ(bundle.size(), 1U);  // the RA's that signs

  EXPECT_FALSE(verify_attached(message));
  EXPECT_TRUE(verify_attached(message, bundle));

  const auto attributes = must(parse_message(message)).attributes;
  EXPECT_EQ(attributes.message_type, 3);
  EXPECT_EQ(attributes.status, status_success);
  EXPECT_EQ(attributes.transaction_id, "HVvzN0228V+AW+dUuDe8OPyDXD0=");
  EXPECT_TRUE(attributes.sender_nonce);
  EXPECT_TRUE(attributes.recipient_nonce);
}

TEST_F(ScepCorpusTest, TheInnermostLayerOfCryptlibIsARequestWithAChallenge) {
  const auto csr = must(CertificateRequest::from_der(contents_of("cryptlib-scep-req0.der")));
  EXPECT_EQ(csr.common_name(), "Test SCEP PKI user");
  EXPECT_EQ(csr.challenge_password(), "NQ3C6-GS3ZN-2XPGL-SEJTQ");
}

// Its key is not published, so it stays shut; that it is an envelope can be seen.
TEST_F(ScepCorpusTest, TheMiddleLayerOfCryptlibIsAnEnvelopeForSomebodyElse) {
  const Identity ra = micromdm();
  const auto opened = decrypt(contents_of("cryptlib-scep-req1.der"), ra.certificate, ra.key);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unauthorised);
}

TEST_F(ScepCorpusTest, TheOuterLayerOfCryptlibVerifiesAndHasATransactionThatIsNotHex) {
  const Bytes message = contents_of("cryptlib-scep-req2.der");
  EXPECT_EQ(must(verify_attached(message)).content, contents_of("cryptlib-scep-req1.der"));
  const auto attributes = must(parse_message(message)).attributes;
  EXPECT_EQ(attributes.message_type, 19);
  EXPECT_EQ(attributes.transaction_id, "7XXEY-ERLPU-2JDR9");

  const Identity ra = micromdm();
  const auto request = parse_request(message, ra.certificate, ra.key);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().fail_info, FailInfo::bad_message_check);
  EXPECT_EQ(request.error().envelope.value().transaction_id, "7XXEY-ERLPU-2JDR9");
}

TEST_F(ScepCorpusTest, TheInnermostLayerOfAnAnswerHoldsTheIssuedCertificate) {
  const auto certificates = must(unwrap_certificates(contents_of("cryptlib-scep-resp0.der")));
  EXPECT_TRUE(std::ranges::any_of(certificates, [](const Certificate& certificate) {
    return certificate.common_name() == "Test SCEP PKI user";
  }));
}

TEST_F(ScepCorpusTest, AnothersCapabilitiesHoldNoneThatWeLack) {
  const std::string text = contents_of("getcacaps-micromdm.txt");
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);  // seven lines, the last without its end
  const std::string ours = "\n" + capabilities();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    EXPECT_NE(ours.find("\n" + line + "\n"), std::string::npos) << line;
    begin = end + 1;
  }
}

TEST_F(ScepCorpusTest, AnAnswerWithRaCertificatesIsUnwrapped) {
  const auto certificates = must(unwrap_certificates(contents_of("getcacert-ms-ra-chain.p7")));
  ASSERT_EQ(certificates.size(), 1U);
  EXPECT_EQ(certificates[0].common_name(), "CERT-PROV-CA-MSCEP-RA");
  EXPECT_EQ(certificates[0], must(Certificate::from_pem(contents_of("ca2-ms-ra.pem"))));
}

}  // namespace
}  // namespace reveille::pki::scep

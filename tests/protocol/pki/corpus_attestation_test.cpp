// Attestations of the field. Their CBOR is for the ACME server to read, which is yet to come; the
// certificates in them are read here, as the corpus's index says.
#include <gtest/gtest.h>

#include <set>

#include "protocol/base/base64.h"
#include "tests/protocol/pki/corpus.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki {
namespace {

class AttestationCorpusTest : public CorpusTest {
 protected:
  AttestationCorpusTest() : CorpusTest("attestation") {}

  Certificate certificate(const std::string& name) const {
    const Bytes contents = contents_of(name);
    return must(name.ends_with(".pem") ? Certificate::from_pem(contents)
                                       : Certificate::from_der(contents));
  }

  bool holds(const std::string& name, BytesView part) const {
    return contents_of(name).find(part) != Bytes::npos;
  }
};

// "fmt" as CBOR has it, a text string of 3 bytes (0x63, "c"), then the format's own.
Bytes format(const std::string& name) {
  const char header = static_cast<char>(0x60 + name.size());
  return "cfmt" + std::string(1, header) + name;
}

// 1.2.840.113635.100.8.9.1 and its neighbours in DER.
Bytes apple_extension(const std::string& last_arcs_hex) {
  return from_hex("2a864886f7636408" + last_arcs_hex).value();
}

TEST_F(AttestationCorpusTest, EveryFileIsInATest) {
  expect_only(std::set<std::string>{
      "appattest-attobj-ios-17.6.1.cbor", "apple-enterprise-attestation-root-ca.pem",
      "synthetic-attobj-empty-x5c.cbor", "synthetic-attobj-expired-leaf.cbor",
      "synthetic-attobj-fmt-none.cbor", "synthetic-attobj-huge-length.cbor",
      "synthetic-attobj-leaf-only.cbor", "synthetic-attobj-truncated.cbor",
      "synthetic-attobj-valid.cbor", "synthetic-attobj-valid.response.json",
      "synthetic-attobj-wrong-nonce.cbor", "synthetic-attobj-x5c-not-array.cbor",
      "synthetic-intermediate.der", "synthetic-leaf.der", "synthetic-root.pem",
      "webauthn-apple-attobj-2021.cbor", "webauthn-apple-intermediate.der",
      "webauthn-apple-leaf.der"});
}

TEST_F(AttestationCorpusTest, ApplesRootIsTheOneOfOurFacts) {
  const auto root = certificate("apple-enterprise-attestation-root-ca.pem");
  EXPECT_EQ(to_hex(root.sha256()),
            "ccf59ef8fcb3017d97f8b5fa6fa90e7a3f9283f76b55ac6cf6eda8b8b949f05b");
  EXPECT_EQ(root.common_name(), "Apple Enterprise Attestation Root CA");
  EXPECT_FALSE(root.is_rsa());
  EXPECT_TRUE(root.is_self_signed());
  EXPECT_EQ(root.not_after(), Time(std::chrono::sys_days(std::chrono::year(2047) / 2 / 20)));
}

TEST_F(AttestationCorpusTest, TheSyntheticChainHoldsAndItsIntermediateIsNeeded) {
  const auto leaf = certificate("synthetic-leaf.der");
  const std::vector<Certificate> intermediates{certificate("synthetic-intermediate.der")};
  const std::vector<Certificate> synthetic{certificate("synthetic-root.pem")};
  const std::vector<Certificate> apple{certificate("apple-enterprise-attestation-root-ca.pem")};

  EXPECT_TRUE(verify_client_certificate(leaf, intermediates, synthetic, today));
  EXPECT_FALSE(verify_client_certificate(leaf, {}, synthetic, today));
  EXPECT_FALSE(verify_client_certificate(leaf, intermediates, apple, today));
}

TEST_F(AttestationCorpusTest, TheLeafVouchesForSerialUdidAndToken) {
  const auto leaf = certificate("synthetic-leaf.der").der();
  EXPECT_NE(leaf.find(apple_extension("0901")), Bytes::npos);  // serial number
  EXPECT_NE(leaf.find("C02ABCDEFGHJ"), Bytes::npos);
  EXPECT_NE(leaf.find(apple_extension("0902")), Bytes::npos);  // UDID
  EXPECT_NE(leaf.find("00008112-001C2D3E4F5A6B7C"), Bytes::npos);
  EXPECT_NE(leaf.find(apple_extension("0b01")), Bytes::npos);  // freshness
}

TEST_F(AttestationCorpusTest, AValidObjectHoldsTheWholeChain) {
  const std::string name = "synthetic-attobj-valid.cbor";
  EXPECT_TRUE(holds(name, format("apple")));
  EXPECT_TRUE(holds(name, certificate("synthetic-leaf.der").der()));
  EXPECT_TRUE(holds(name, certificate("synthetic-intermediate.der").der()));
  EXPECT_TRUE(holds("synthetic-attobj-valid.response.json", "\"attObj\""));
}

TEST_F(AttestationCorpusTest, ObjectsToRefuseLackWhatTheValidOneHas) {
  const auto intermediate = certificate("synthetic-intermediate.der").der();
  const auto leaf = certificate("synthetic-leaf.der").der();
  EXPECT_FALSE(holds("synthetic-attobj-leaf-only.cbor", intermediate));
  EXPECT_FALSE(holds("synthetic-attobj-empty-x5c.cbor", leaf));
  EXPECT_TRUE(holds("synthetic-attobj-fmt-none.cbor", format("none")));
  EXPECT_FALSE(holds("synthetic-attobj-wrong-nonce.cbor", leaf));
  EXPECT_FALSE(holds("synthetic-attobj-expired-leaf.cbor", leaf));
  EXPECT_FALSE(holds("synthetic-attobj-huge-length.cbor", leaf));
  EXPECT_LT(contents_of("synthetic-attobj-truncated.cbor").size(),
            contents_of("synthetic-attobj-valid.cbor").size());
  EXPECT_TRUE(holds("synthetic-attobj-x5c-not-array.cbor", "cx5cA"));  // bytes, no array
}

// None of the objects is a certificate: what an attacker puts in a certificate's place is refused.
TEST_F(AttestationCorpusTest, NoObjectPassesForACertificate) {
  for (const std::string name :
       {"appattest-attobj-ios-17.6.1.cbor", "synthetic-attobj-empty-x5c.cbor",
        "synthetic-attobj-expired-leaf.cbor", "synthetic-attobj-fmt-none.cbor",
        "synthetic-attobj-huge-length.cbor", "synthetic-attobj-leaf-only.cbor",
        "synthetic-attobj-truncated.cbor", "synthetic-attobj-valid.cbor",
        "synthetic-attobj-wrong-nonce.cbor", "synthetic-attobj-x5c-not-array.cbor",
        "webauthn-apple-attobj-2021.cbor"}) {
    const auto read = Certificate::from_der(contents_of(name));
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, ErrorCode::malformed) << name;
  }
}

TEST_F(AttestationCorpusTest, WebAuthnIsAnotherChainWithAnotherNonce) {
  const auto leaf = certificate("webauthn-apple-leaf.der");
  const auto intermediate = certificate("webauthn-apple-intermediate.der");
  const Time signing_time = std::chrono::sys_days(std::chrono::year(2021) / 9 / 1);
  EXPECT_EQ(intermediate.common_name(), "Apple WebAuthn CA 1");
  EXPECT_EQ(leaf.not_after() - leaf.not_before(), std::chrono::days(3));
  EXPECT_LT(leaf.not_before(), signing_time);
  EXPECT_TRUE(holds("webauthn-apple-attobj-2021.cbor", format("apple")));
  EXPECT_TRUE(holds("webauthn-apple-attobj-2021.cbor", leaf.der()));
  EXPECT_NE(leaf.der().find(apple_extension("02")), Bytes::npos);
  EXPECT_EQ(leaf.der().find(apple_extension("0b01")), Bytes::npos);

  const std::vector<Certificate> intermediates{intermediate};
  const std::vector<Certificate> enterprise{
      certificate("apple-enterprise-attestation-root-ca.pem")};
  EXPECT_FALSE(verify_client_certificate(leaf, intermediates, enterprise, signing_time));
}

TEST_F(AttestationCorpusTest, AppAttestNamesItsOwnFormat) {
  EXPECT_TRUE(holds("appattest-attobj-ios-17.6.1.cbor", format("apple-appattest")));
  EXPECT_FALSE(holds("appattest-attobj-ios-17.6.1.cbor", format("apple")));
}

}  // namespace
}  // namespace reveille::pki

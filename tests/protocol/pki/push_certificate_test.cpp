#include "protocol/pki/push_certificate.h"

#include <gtest/gtest.h>

#include "tests/protocol/pki/identities.h"

namespace reveille::pki {
namespace {

const std::string topic = "com.apple.mgmt.External.5d2f1c1c-0000-4000-8000-1b2d3c4e5f60";

Certificate push_certificate(const std::optional<std::string>& user_id, const PrivateKey& key) {
  CertificateTemplate contents = contents_for("APSP:1");
  contents.user_id = user_id;
  return must(issue_self_signed(contents, key));
}

class PushCertificateTest : public testing::Test {
 protected:
  // What is said of `pem` when it is refused; empty when it is read.
  std::string refusal(const std::string& pem) {
    const auto read = parse_push_certificate(pem);
    if (read) return "";
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
    return read.error().detail;
  }

  const Certificate certificate_ = push_certificate(topic, rsa_key());
  const std::string pem_ = certificate_.pem();
  const std::string key_pem_ = rsa_key().to_pem();
};

TEST_F(PushCertificateTest, ItsBlocksComeInEitherOrder) {
  for (const std::string& pem : {pem_ + key_pem_, key_pem_ + pem_}) {
    const auto read = must(parse_push_certificate(pem));
    EXPECT_EQ(read.certificate, certificate_);
    EXPECT_EQ(read.key.public_key_sha256(), rsa_key().public_key_sha256());
    EXPECT_EQ(read.topic, topic);
  }
}

TEST_F(PushCertificateTest, AMissingLineBreakBetweenFilesIsRepaired) {
  std::string pem = pem_;
  std::string key_pem = key_pem_;
  pem.pop_back();
  key_pem.pop_back();
  EXPECT_EQ(refusal(pem + key_pem), "");
  EXPECT_EQ(refusal(key_pem + pem), "");
}

TEST_F(PushCertificateTest, OfSeveralCertificatesTheLastCounts) {
  const std::string other = push_certificate(topic, ec_key()).pem();
  EXPECT_EQ(refusal(other + pem_ + key_pem_), "");
  EXPECT_EQ(refusal(pem_ + other + key_pem_), "push certificate: the key does not belong to it");
}

TEST_F(PushCertificateTest, TheMissingPartIsNamed) {
  EXPECT_EQ(refusal(pem_), "push certificate: no private key");
  EXPECT_EQ(refusal(key_pem_), "push certificate: no certificate");
  EXPECT_EQ(refusal(""), "push certificate: no certificate");
  EXPECT_EQ(refusal(pem_ + key_pem_.substr(0, 200)), "push certificate: a PEM block is cut short");
  EXPECT_EQ(refusal(pem_ + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "push certificate: the private key does not parse");
  EXPECT_EQ(refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + key_pem_),
            "push certificate: the certificate does not parse");
}

TEST_F(PushCertificateTest, AnEncryptedKeyIsRefused) {
  const std::string blank =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  const std::string traditional =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-256-CBC,00\n\nAAAA\n"
      "-----END RSA PRIVATE KEY-----\n";
  EXPECT_EQ(refusal(pem_ + blank), "push certificate: the private key is encrypted");
  EXPECT_EQ(refusal(pem_ + traditional), "push certificate: the private key is encrypted");
}

TEST_F(PushCertificateTest, ItsTopicIsAManagementTopic) {
  for (const std::optional<std::string>& other :
       {std::optional<std::string>(), std::optional<std::string>("com.example.app")}) {
    EXPECT_NE(refusal(push_certificate(other, rsa_key()).pem() + key_pem_).find("com.apple.mgmt"),
              std::string::npos);
  }
}

TEST_F(PushCertificateTest, TheTextIsNeverQuoted) {
  const std::string secret = key_pem_.substr(60, 40);
  EXPECT_EQ(refusal(pem_ + "-----BEGIN PRIVATE KEY-----\n" + secret).find(secret),
            std::string::npos);
}

}  // namespace
}  // namespace reveille::pki

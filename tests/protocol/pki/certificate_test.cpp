#include "protocol/pki/certificate.h"

#include <gtest/gtest.h>

#include "tests/protocol/pki/identities.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

TEST(CertificateTest, SaysWhatItWasIssuedWith) {
  CertificateTemplate contents = contents_for("Jürgens Telefon");
  contents.user_id = "com.apple.mgmt.External.1";
  contents.serial = from_hex("ff00112233445566778899aabbccddee").value();
  const auto certificate = must(issue_self_signed(contents, ec_key()));

  EXPECT_EQ(certificate.common_name(), "Jürgens Telefon");
  EXPECT_EQ(certificate.user_id(), "com.apple.mgmt.External.1");
  EXPECT_EQ(certificate.serial_hex(), "7f00112233445566778899aabbccddee");  // never negative
  EXPECT_EQ(certificate.not_before(), contents.not_before);
  EXPECT_EQ(certificate.not_after(), contents.not_after);
  EXPECT_TRUE(certificate.belongs_to(ec_key()));
  EXPECT_FALSE(certificate.belongs_to(rsa_key()));
  EXPECT_EQ(certificate.public_key_sha256(), ec_key().public_key_sha256());
  EXPECT_FALSE(certificate.is_rsa());
  EXPECT_TRUE(certificate.is_self_signed());
}

TEST(CertificateTest, SurvivesDerAndPem) {
  const auto certificate = authority().certificate;

  EXPECT_EQ(must(Certificate::from_der(certificate.der())), certificate);
  EXPECT_EQ(must(Certificate::from_pem("Subject: a comment\n" + certificate.pem())), certificate);
  EXPECT_EQ(certificate.sha256().size(), 32U);
}

TEST(CertificateTest, OneMeansOne) {
  const std::string der = authority().certificate.der();
  const std::string pem = authority().certificate.pem();

  EXPECT_FALSE(Certificate::from_der(der + '\0'));
  EXPECT_FALSE(Certificate::from_der(der.substr(0, der.size() - 1)));
  EXPECT_FALSE(Certificate::from_der(""));
  EXPECT_FALSE(Certificate::from_pem(pem + pem));
  EXPECT_FALSE(Certificate::from_pem(pem + "and more"));
  EXPECT_FALSE(Certificate::from_pem(ec_key().to_pem()));
  EXPECT_FALSE(Certificate::from_pem(""));
}

TEST(CertificateTest, ABundleKeepsItsOrderAndSkipsWhatIsNoCertificate) {
  const auto root = authority();
  const auto device = device_of(root);
  const std::string bundle = "first\n" + device.certificate.pem() + "then\n" + ec_key().to_pem() +
                             root.certificate.pem() + "end";

  const auto read = must(Certificate::all_from_pem(bundle));

  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0], device.certificate);
  EXPECT_EQ(read[1], root.certificate);
}

TEST(CertificateTest, ABundleWithABrokenBlockIsRefusedWhole) {
  const std::string pem = authority().certificate.pem();

  EXPECT_FALSE(Certificate::all_from_pem(pem + pem.substr(0, 200)));
  EXPECT_FALSE(Certificate::all_from_pem(
      pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(Certificate::all_from_pem("no block at all"));
}

TEST(CertificateTest, WhoeverBorrowsAnIssuersNameIsNotSelfSigned) {
  const auto root = authority();
  const auto namesake =
      issue(contents_for("Example Authority"), ec_key(), root.certificate, root.key);
  ASSERT_TRUE(namesake);
  EXPECT_EQ(namesake->subject(), root.certificate.subject());
  EXPECT_FALSE(namesake->is_self_signed());
}

TEST(IssueTest, NamesThatDoNotFitAreRefused) {
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("\xff\xfe")}) {
    const auto certificate = issue_self_signed(contents_for(name), ec_key());
    ASSERT_FALSE(certificate) << name;
    EXPECT_EQ(certificate.error().code, ErrorCode::malformed);
  }
  CertificateTemplate contents = contents_for("server", Purpose::tls_server);
  for (const std::string name : {"", "münchen.example", "two words"}) {
    contents.dns_names = {name};
    EXPECT_FALSE(issue_self_signed(contents, ec_key())) << name;
  }
}

TEST(IssueTest, AnIssuersKeyMustBeItsOwn) {
  const auto certificate =
      issue(contents_for("phone"), ec_key(), authority().certificate, rsa_key());
  ASSERT_FALSE(certificate);
  EXPECT_EQ(certificate.error().code, ErrorCode::malformed);
}

class ForeignReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
  }

  std::string text_of(const Certificate& certificate) {
    openssl_.write("c.pem", certificate.pem());
    const auto shown = openssl_.run("x509 -in c.pem -noout -text");
    EXPECT_EQ(shown.exit_status, 0) << shown.output;
    return shown.output;
  }

  OpensslTool openssl_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ForeignReaderTest, AnAuthorityMaySignAndServeScepAndIsCritical) {
  const std::string text = text_of(authority().certificate);

  EXPECT_TRUE(has(text, "X509v3 Basic Constraints: critical\n                CA:TRUE")) << text;
  EXPECT_TRUE(has(text, "Digital Signature, Key Encipherment, Certificate Sign, CRL Sign"));
  EXPECT_TRUE(has(text, "Signature Algorithm: sha256WithRSAEncryption"));
  EXPECT_FALSE(has(text, "Extended Key Usage"));
  EXPECT_TRUE(has(text_of(authority("EC", ec_key()).certificate),
                  "Digital Signature, Key Agreement, Certificate Sign, CRL Sign"));
}

TEST_F(ForeignReaderTest, ADeviceIsAClientAndNothingElse) {
  const std::string text = text_of(device_of(authority()).certificate);

  EXPECT_TRUE(has(text, "CA:FALSE")) << text;
  EXPECT_TRUE(has(text, "TLS Web Client Authentication"));
  EXPECT_FALSE(has(text, "Server Authentication"));
  EXPECT_FALSE(has(text, "Certificate Sign"));
  EXPECT_TRUE(has(text, "X509v3 Authority Key Identifier"));
}

TEST_F(ForeignReaderTest, AServerHasItsNamesAndAddresses) {
  CertificateTemplate contents = contents_for("mdm.example.org", Purpose::tls_server);
  contents.dns_names = {"mdm.example.org", "127.0.0.1", "::1"};
  const std::string text = text_of(must(issue_self_signed(contents, ec_key())));

  EXPECT_TRUE(has(text, "DNS:mdm.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
      << text;
  EXPECT_TRUE(has(text, "TLS Web Server Authentication"));
}

TEST_F(ForeignReaderTest, ItsChainIsAcceptedByTheCommandToo) {
  const auto root = authority();
  openssl_.write("root.pem", root.certificate.pem());
  openssl_.write("leaf.pem", device_of(root).certificate.pem());

  const auto verified = openssl_.run(
      "verify -x509_strict -purpose sslclient -attime 1772323200 -CAfile root.pem leaf.pem");

  EXPECT_EQ(verified.exit_status, 0) << verified.output;
}

}  // namespace
}  // namespace reveille::pki

#include "protocol/pki/certificate_request.h"

#include <gtest/gtest.h>

#include "tests/protocol/pki/identities.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

CertificateRequest request_for(const PrivateKey& key,
                               const std::optional<std::string>& challenge = "one-time") {
  return must(CertificateRequest::create("phone", "Example", challenge, key));
}

TEST(CertificateRequestTest, SaysWhatItWasMadeWith) {
  for (const PrivateKey& key : {rsa_key(), ec_key()}) {
    const auto read = must(CertificateRequest::from_der(request_for(key).der()));
    EXPECT_EQ(read.common_name(), "phone");
    EXPECT_EQ(read.subject(), "CN=phone,O=Example");
    EXPECT_EQ(read.challenge_password(), "one-time");
    EXPECT_EQ(read.public_key_sha256(), key.public_key_sha256());
    EXPECT_EQ(read.is_rsa(), key.is_rsa());
    EXPECT_EQ(read.key_bits(), key.is_rsa() ? 2048 : 256);
  }
}

TEST(CertificateRequestTest, ItsChallengeIsOptionalAndOfAnyAlphabet) {
  EXPECT_EQ(request_for(ec_key(), std::nullopt).challenge_password(), std::nullopt);
  EXPECT_EQ(request_for(ec_key(), "schlüssel_*@").challenge_password(), "schlüssel_*@");
}

TEST(CertificateRequestTest, BytesThatAreNotOneRequestAreRefused) {
  const Bytes der = request_for(ec_key()).der();
  for (const Bytes& bytes :
       {Bytes(), der + '\0', der.substr(0, der.size() - 1), authority().certificate.der()}) {
    const auto read = CertificateRequest::from_der(bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
  }
}

TEST(CertificateRequestTest, ARequestThatItsOwnKeyDidNotSignIsRefused) {
  for (const PrivateKey& key : {rsa_key(), ec_key()}) {
    Bytes der = request_for(key).der();
    der.replace(der.find("phone"), 5, "Phone");

    const auto read = CertificateRequest::from_der(der);

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::unauthorised);
  }
}

TEST(CertificateRequestTest, TheCertificateKeepsItsSubjectAndIsAClientsWhateverWasAsked) {
  const auto root = authority();
  CertificateTemplate contents = contents_for("", Purpose::authority);

  const auto issued = must(issue(request_for(ec_key()), contents, root.certificate, root.key));

  EXPECT_EQ(issued.subject(), "CN=phone,O=Example");
  EXPECT_TRUE(issued.belongs_to(ec_key()));
  const std::vector<Certificate> anchors{root.certificate};
  EXPECT_TRUE(verify_client_certificate(issued, {}, anchors, today));
  const auto child = must(issue(contents_for("child"), rsa_key(), issued, ec_key()));
  const std::vector<Certificate> intermediates{issued};
  EXPECT_FALSE(verify_client_certificate(child, intermediates, anchors, today));
}

TEST(CertificateRequestTest, ATemplateWithANameGivesItsOwnSubject) {
  const auto root = authority();
  const auto issued =
      must(issue(request_for(ec_key()), contents_for("renamed"), root.certificate, root.key));
  EXPECT_EQ(issued.common_name(), "renamed");
}

class ForeignRequestTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
    openssl_.write("key.pem", rsa_key().to_pem());
    openssl_.write("request.cnf",
                   "[req]\nprompt=no\ndistinguished_name=dn\nattributes=a\nreq_extensions=e\n"
                   "[dn]\nCN=phone\n[a]\nchallengePassword=one-time\n"
                   "[e]\nbasicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth\n");
  }

  Result<CertificateRequest> made_with(const std::string& options) {
    const auto made = openssl_.run("req -new -config request.cnf -key key.pem -outform DER " +
                                   options + " -out request.der");
    EXPECT_EQ(made.exit_status, 0) << made.output;
    return CertificateRequest::from_der(openssl_.read("request.der"));
  }

  OpensslTool openssl_;
};

TEST_F(ForeignRequestTest, TheCommandsRequestIsReadAndItsExtensionsAreNotCopied) {
  const auto request = must(made_with("-sha256"));
  EXPECT_EQ(request.challenge_password(), "one-time");

  const auto root = authority();
  openssl_.write("issued.pem",
                 must(issue(request, contents_for(""), root.certificate, root.key)).pem());
  const std::string text = openssl_.run("x509 -in issued.pem -noout -text").output;
  EXPECT_NE(text.find("CA:FALSE"), std::string::npos) << text;
  EXPECT_EQ(text.find("Web Server"), std::string::npos) << text;
}

TEST_F(ForeignRequestTest, DigestsAreThoseOfTheField) {
  EXPECT_TRUE(made_with("-sha1"));
  EXPECT_TRUE(made_with("-sha512"));
  EXPECT_FALSE(made_with("-md5"));
  EXPECT_FALSE(made_with("-sha256 -sigopt rsa_padding_mode:pss"));
}

TEST_F(ForeignRequestTest, OursIsReadByTheCommand) {
  openssl_.write("ours.der",
                 must(CertificateRequest::create("phone", "Example", "one-time", ec_key())).der());
  const auto shown = openssl_.run("req -inform DER -in ours.der -verify -noout -text");
  EXPECT_EQ(shown.exit_status, 0) << shown.output;
  EXPECT_NE(shown.output.find("one-time"), std::string::npos) << shown.output;
}

}  // namespace
}  // namespace reveille::pki

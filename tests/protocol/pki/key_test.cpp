#include "protocol/pki/key.h"

#include <gtest/gtest.h>

#include "tests/protocol/pki/identities.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

TEST(PrivateKeyTest, SurvivesItsPem) {
  for (const PrivateKey& key : {rsa_key(), ec_key()}) {
    const auto read = PrivateKey::from_pem(key.to_pem());
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->public_key_sha256(), key.public_key_sha256());
    EXPECT_EQ(read->is_rsa(), key.is_rsa());
  }
  EXPECT_TRUE(rsa_key().is_rsa());
  EXPECT_FALSE(ec_key().is_rsa());
}

TEST(PrivateKeyTest, TextThatIsNoKeyIsRefusedAndNeverQuoted) {
  for (const std::string& text :
       {std::string("hunter2"), std::string(),
        std::string("-----BEGIN PRIVATE KEY-----\nhunter2\n"), rsa_key().to_pem().substr(0, 300)}) {
    const auto read = PrivateKey::from_pem(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
    EXPECT_EQ(read.error().detail.find("hunter2"), std::string::npos);
  }
}

class ForeignKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
  }

  Result<PrivateKey> made_by(const std::string& command, const std::string& options) {
    const auto made = openssl_.run(command + " -out key.pem " + options);
    EXPECT_EQ(made.exit_status, 0) << made.output;
    return PrivateKey::from_pem(openssl_.read("key.pem"));
  }

  OpensslTool openssl_;
};

TEST_F(ForeignKeyTest, RsaAndTheThreeCurvesAreRead) {
  EXPECT_TRUE(made_by("genpkey", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"));
  EXPECT_TRUE(made_by("genrsa", "-traditional 1024"));
  for (const std::string curve : {"P-256", "P-384", "P-521"}) {
    EXPECT_TRUE(made_by("genpkey", "-algorithm EC -pkeyopt ec_paramgen_curve:" + curve)) << curve;
  }
}

TEST_F(ForeignKeyTest, KeysThatNoDeviceHasAreRefused) {
  for (const std::string kind :
       {"RSA -pkeyopt rsa_keygen_bits:512", "RSA-PSS -pkeyopt rsa_keygen_bits:1024", "ED25519",
        "EC -pkeyopt ec_paramgen_curve:secp256k1",
        "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"}) {
    const auto key = made_by("genpkey", "-algorithm " + kind);
    ASSERT_FALSE(key) << kind;
    EXPECT_EQ(key.error().code, ErrorCode::malformed);
  }
}

TEST_F(ForeignKeyTest, AnEncryptedKeyIsRefusedWithoutAskingForItsPassPhrase) {
  EXPECT_FALSE(made_by("genpkey",
                       "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-128-cbc "
                       "-pass pass:secret"));
}

}  // namespace
}  // namespace reveille::pki

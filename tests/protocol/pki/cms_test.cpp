#include "protocol/pki/cms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/protocol/pki/identities.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

using namespace std::string_literals;

const Bytes content = "a property list\r\nwith \n both line ends\0 and a NUL"s;

const Identity& rsa_device() {
  static const Identity device = device_of(authority(), rsa_key());
  return device;
}
const Identity& ec_device() {
  static const Identity device = device_of(authority(), ec_key());
  return device;
}

class CmsSignatureTest : public testing::TestWithParam<bool> {
 protected:
  const Identity& device() const { return GetParam() ? rsa_device() : ec_device(); }
};
INSTANTIATE_TEST_SUITE_P(Keys, CmsSignatureTest, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Rsa" : "Ec"; });

TEST_P(CmsSignatureTest, AnAttachedSignatureBringsContentSignerAndChain) {
  const Certificate root = authority().certificate;
  const std::vector<Certificate> chain{root, device().certificate, root};

  const auto cms = must(sign_attached(content, device().certificate, device().key, chain));
  const auto verified = must(verify_attached(cms));

  EXPECT_EQ(verified.content, content);
  EXPECT_EQ(verified.signer, device().certificate);
  EXPECT_EQ(verified.certificates.size(), 2U);
  EXPECT_TRUE(std::ranges::count(verified.certificates, root) == 1);
}

TEST_P(CmsSignatureTest, ADetachedSignatureIsOverTheseBytesOnly) {
  const auto cms = must(sign_detached(content, device().certificate, device().key));

  EXPECT_EQ(must(verify_detached(cms, content)), device().certificate);
  for (const Bytes& other : {content + ' ', Bytes(), content.substr(1)}) {
    const auto verified = verify_detached(cms, other);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::unauthorised);
  }
}

TEST_P(CmsSignatureTest, AChangedByteIsNoticed) {
  Bytes cms = must(sign_attached(content, device().certificate, device().key));
  cms[cms.find("property")] = 'P';
  EXPECT_FALSE(verify_attached(cms));

  cms = must(sign_detached(content, device().certificate, device().key));
  cms.back() = static_cast<char>(cms.back() ^ 1);
  EXPECT_FALSE(verify_detached(cms, content));
}

TEST_P(CmsSignatureTest, EveryTruncationIsRefused) {
  const auto cms = must(sign_detached(content, device().certificate, device().key));
  for (size_t size = 0; size < cms.size(); size += 7) {
    EXPECT_FALSE(verify_detached(cms.substr(0, size), content)) << size;
  }
  EXPECT_FALSE(verify_detached(cms + '\0', content));
}

TEST(CmsTest, AttachedAndDetachedAreNotTakenForEachOther) {
  const Identity& device = ec_device();
  EXPECT_FALSE(
      verify_detached(must(sign_attached(content, device.certificate, device.key)), content));
  EXPECT_FALSE(verify_attached(must(sign_detached(content, device.certificate, device.key))));
}

TEST(CmsTest, AKeyThatIsNotTheCertificatesSignsNothing) {
  const auto cms = sign_detached(content, ec_device().certificate, rsa_key());
  ASSERT_FALSE(cms);
  EXPECT_EQ(cms.error().code, ErrorCode::malformed);
}

TEST(CmsTest, EmptyContentCanBeSignedAndEncrypted) {
  const Identity& device = rsa_device();
  EXPECT_TRUE(verify_detached(must(sign_detached("", device.certificate, device.key)), ""));
  const auto cms = must(sign_attached("", device.certificate, device.key));
  EXPECT_EQ(must(verify_attached(cms)).content, "");
}

class CmsEncryptionTest : public testing::TestWithParam<ContentCipher> {};
INSTANTIATE_TEST_SUITE_P(Ciphers, CmsEncryptionTest,
                         testing::Values(ContentCipher::aes_128_cbc, ContentCipher::aes_256_cbc,
                                         ContentCipher::des_ede3_cbc));

TEST_P(CmsEncryptionTest, TheRecipientReadsItAndLearnsTheCipher) {
  for (const Identity& device : {rsa_device(), ec_device()}) {
    const auto cms = must(encrypt(content, device.certificate, GetParam()));
    EXPECT_EQ(cms.find("property"), Bytes::npos);

    const auto opened = must(decrypt_telling_cipher(cms, device.certificate, device.key));

    EXPECT_EQ(opened.content, content);
    EXPECT_EQ(opened.cipher, GetParam());
  }
}

TEST_P(CmsEncryptionTest, ADifferentKeyAndATamperedMessageFailAlike) {
  const Identity& device = rsa_device();
  const Identity other = device_of(authority(), authority_key(), "other");
  Bytes cms = must(encrypt(content, device.certificate, GetParam()));
  const auto not_for_us = decrypt(cms, other.certificate, other.key);
  cms.pop_back();
  cms.push_back('x');
  const auto tampered = decrypt(cms, device.certificate, device.key);

  ASSERT_FALSE(not_for_us);
  if (tampered) {
    EXPECT_NE(*tampered, content);  // one padding in 256 is right by chance
  } else {
    EXPECT_EQ(not_for_us.error(), tampered.error());
  }
}

TEST(CmsTest, ADegenerateMessageHoldsEachCertificateOnce) {
  const Certificate root = authority().certificate;
  const std::vector<Certificate> certificates{root, ec_device().certificate, root};

  const auto unwrapped = must(unwrap_certificates(must(wrap_certificates(certificates))));

  EXPECT_EQ(unwrapped.size(), 2U);
  EXPECT_TRUE(std::ranges::count(unwrapped, root) == 1);
}

TEST(CmsTest, CertificatesAreNotUnwrappedFromWhatSomebodySigned) {
  const auto cms = must(sign_attached(content, ec_device().certificate, ec_device().key));
  EXPECT_FALSE(unwrap_certificates(cms));
  EXPECT_FALSE(unwrap_certificates(""));
}

class CmsByTheCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
    openssl_.write("content", content);
    openssl_.write("root.pem", authority().certificate.pem());
    write_identity("rsa", rsa_device());
    write_identity("ec", ec_device());
  }

  void write_identity(const std::string& name, const Identity& identity) {
    openssl_.write(name + ".pem", identity.certificate.pem());
    openssl_.write(name + ".key", identity.key.to_pem());
  }

  Bytes made_by(const std::string& arguments) {
    const auto made =
        openssl_.run("cms -binary -in content -outform DER -out made.der " + arguments);
    EXPECT_EQ(made.exit_status, 0) << made.output;
    return openssl_.read("made.der");
  }

  OpensslTool openssl_;
};

TEST_F(CmsByTheCommandTest, ItVerifiesWhatWeSign) {
  for (const Identity& device : {rsa_device(), ec_device()}) {
    openssl_.write("ours.der", must(sign_detached(content, device.certificate, device.key)));
    const auto verified = openssl_.run(
        "cms -verify -binary -inform DER -in ours.der -content content -CAfile root.pem "
        "-purpose sslclient -attime 1772323200 -out plain");
    EXPECT_EQ(verified.exit_status, 0) << verified.output;
    EXPECT_EQ(openssl_.read("plain"), content);
  }
}

TEST_F(CmsByTheCommandTest, ItOpensWhatWeEncrypt) {
  for (const std::string name : {"rsa", "ec"}) {
    const Identity& device = name == "rsa" ? rsa_device() : ec_device();
    openssl_.write("ours.der", must(encrypt(content, device.certificate)));
    const auto opened = openssl_.run("cms -decrypt -inform DER -in ours.der -recip " + name +
                                     ".pem -inkey " + name + ".key -out plain");
    EXPECT_EQ(opened.exit_status, 0) << opened.output;
    EXPECT_EQ(openssl_.read("plain"), content);
  }
}

TEST_F(CmsByTheCommandTest, WeVerifyItsSignaturesWithDigestsOfTheField) {
  for (const std::string name : {"rsa", "ec"}) {
    const std::string sign = "-sign -signer " + name + ".pem -inkey " + name + ".key ";
    for (const std::string options :
         {"-md sha1", "-md sha256", "-md sha512", "-noattr -md sha1", "-noattr -md sha256"}) {
      EXPECT_TRUE(verify_detached(made_by(sign + options), content)) << name << ' ' << options;
      EXPECT_FALSE(verify_detached(made_by(sign + options), content + "x")) << options;
    }
    // With -stream the lengths are indefinite, and the content comes in pieces.
    for (const std::string options : {"-md sha256", "-md sha384 -stream", "-noattr -stream"}) {
      const auto attached = verify_attached(made_by(sign + "-nodetach " + options));
      ASSERT_TRUE(attached) << name << ' ' << options << ' ' << attached.error().detail;
      EXPECT_EQ(attached->content, content);
    }
  }
}

TEST_F(CmsByTheCommandTest, WeVerifyPssAndRefuseMd5) {
  const std::string sign = "-sign -signer rsa.pem -inkey rsa.key ";
  EXPECT_TRUE(verify_detached(made_by(sign + "-keyopt rsa_padding_mode:pss"), content));
  const auto md5 = verify_detached(made_by(sign + "-md md5"), content);
  ASSERT_FALSE(md5);
  EXPECT_EQ(md5.error().detail, "CMS: digest is neither SHA-1 nor SHA-2");
}

TEST_F(CmsByTheCommandTest, TwoSignersAreRefusedThoughBothSignaturesHold) {
  const auto verified = verify_detached(
      made_by("-sign -signer rsa.pem -inkey rsa.key -signer ec.pem -inkey ec.key"), content);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::malformed);
}

TEST_F(CmsByTheCommandTest, ASignerThatDidNotComeWithItMustBeKnown) {
  const Bytes cms = made_by("-sign -nodetach -nocerts -signer rsa.pem -inkey rsa.key");

  const auto unknown = verify_attached(cms);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::unauthorised);
  const std::vector<Certificate> extra{ec_device().certificate, rsa_device().certificate};
  const auto known = must(verify_attached(cms, extra));
  EXPECT_EQ(known.signer, rsa_device().certificate);
}

TEST_F(CmsByTheCommandTest, CiphersOutsideTheTableAreRefused) {
  const Identity& device = rsa_device();
  for (const std::string cipher : {"-camellia256", "-aes-128-cfb"}) {
    const auto opened =
        decrypt(made_by("-encrypt " + cipher + " -recip rsa.pem"), device.certificate, device.key);
    ASSERT_FALSE(opened) << cipher;
    EXPECT_EQ(opened.error().code, ErrorCode::malformed) << cipher;
  }
  const auto aes_192 = must(decrypt_telling_cipher(
      made_by("-encrypt -aes192 -recip rsa.pem -stream"), device.certificate, device.key));
  EXPECT_EQ(aes_192.content, content);
  EXPECT_EQ(aes_192.cipher, ContentCipher::aes_256_cbc);
}

// Debian's scepclient encrypts with it, whatever GetCACaps says.
TEST_F(CmsByTheCommandTest, SingleDesIsReadAndToBeAnsweredInTripleDes) {
  const Identity& device = rsa_device();
  const Bytes cms =
      made_by("-encrypt -des-cbc -provider legacy -provider default -recip rsa.pem");

  const auto opened = must(decrypt_telling_cipher(cms, device.certificate, device.key));

  EXPECT_EQ(opened.content, content);
  EXPECT_EQ(opened.cipher, ContentCipher::des_ede3_cbc);
}

TEST_F(CmsByTheCommandTest, ItReadsOurDegenerateMessages) {
  const std::vector<Certificate> certificates{authority().certificate, ec_device().certificate};
  openssl_.write("bundle.p7", must(wrap_certificates(certificates)));
  const auto shown = openssl_.run("pkcs7 -inform DER -in bundle.p7 -print_certs -noout");
  EXPECT_NE(shown.output.find("CN = phone"), std::string::npos) << shown.output;
  EXPECT_NE(shown.output.find("CN = Example Authority"), std::string::npos) << shown.output;
}

}  // namespace
}  // namespace reveille::pki

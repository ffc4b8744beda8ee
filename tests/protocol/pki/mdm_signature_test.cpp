#include "protocol/pki/mdm_signature.h"

#include <gtest/gtest.h>

#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"
#include "tests/protocol/pki/identities.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

const Bytes idle = "<?xml version=\"1.0\"?>\n<plist><dict><key>Status</key></dict></plist>\n";

class MdmSignatureTest : public testing::Test {
 protected:
  std::string header() const { return must(make_mdm_signature(idle, device_.certificate, key_)); }

  const PrivateKey key_ = ec_key();
  const Identity root_ = authority();
  const Identity device_ = device_of(root_, key_);
};

TEST_F(MdmSignatureTest, TellsWhichIdentitySignedTheBody) {
  EXPECT_EQ(must(verify_mdm_signature(header(), idle)), device_.certificate);
}

TEST_F(MdmSignatureTest, MayBeFoldedOverLines) {
  std::string folded = header();
  for (size_t at = 64; at < folded.size(); at += 66) folded.insert(at, "\r\n");
  EXPECT_TRUE(verify_mdm_signature(folded, idle));
}

TEST_F(MdmSignatureTest, AnotherBodyIsRefused) {
  for (const Bytes& body : {idle + "\n", Bytes(), idle.substr(0, idle.size() - 1)}) {
    const auto signer = verify_mdm_signature(header(), body);
    ASSERT_FALSE(signer);
    EXPECT_EQ(signer.error().code, ErrorCode::unauthorised);
  }
}

TEST_F(MdmSignatureTest, WhatIsNotASignatureIsRefused) {
  const std::string good = header();
  for (const std::string& value :
       {std::string(), std::string("!"), std::string("AAAA"), good.substr(0, good.size() / 2),
        good.substr(0, good.size() - 3), good + "AAAA", '=' + good}) {
    const auto signer = verify_mdm_signature(value, idle);
    ASSERT_FALSE(signer) << value;
    EXPECT_EQ(signer.error().code, ErrorCode::malformed) << value;
  }
}

TEST_F(MdmSignatureTest, ASignatureWithABodyOfItsOwnIsRefused) {
  const auto attached = must(sign_attached(idle, device_.certificate, device_.key));
  EXPECT_FALSE(verify_mdm_signature(to_base64(attached), idle));
}

// It says who signed, not that he is one of ours: that is the next question.
TEST_F(MdmSignatureTest, AStrangersSignatureHoldsButHisChainDoesNot) {
  const Identity stranger = device_of(authority("Example Authority", rsa_key()), key_);
  const auto signed_by_stranger =
      must(make_mdm_signature(idle, stranger.certificate, stranger.key));

  const auto signer = must(verify_mdm_signature(signed_by_stranger, idle));

  const std::vector<Certificate> anchors{root_.certificate};
  EXPECT_EQ(signer, stranger.certificate);
  EXPECT_FALSE(verify_client_certificate(signer, {}, anchors, today));
  EXPECT_TRUE(verify_client_certificate(device_.certificate, {}, anchors, today));
}

// The identity's certificate beside a signature by another key: what a thief of a certificate has.
TEST_F(MdmSignatureTest, ACertificateWithoutItsKeyProvesNothing) {
  const Identity thief = self_signed_client(rsa_key());
  Bytes cms = must(sign_detached(idle, device_.certificate, device_.key));
  const Bytes theirs = must(sign_detached(idle + "x", device_.certificate, device_.key));
  ASSERT_NE(cms, theirs);
  EXPECT_FALSE(verify_mdm_signature(to_base64(theirs), idle));
  EXPECT_FALSE(make_mdm_signature(idle, device_.certificate, thief.key));
}

// A message may list a thousand digests, and a body may have 32 MiB: it is hashed once all the
// same.
TEST_F(MdmSignatureTest, ItsHolderIsKnownBeforeTheBodyComes) {
  EXPECT_EQ(must(verify_mdm_signature_of_some_body(header())), device_.certificate);
}

TEST_F(MdmSignatureTest, BeforeTheBodyComesTheKeyIsProvedAllTheSame) {
  Bytes forged = *from_base64(header());
  // The signature is the structure's last part.
  forged.back() = static_cast<char>(forged.back() ^ 1);
  EXPECT_EQ(verify_mdm_signature_of_some_body(to_base64(forged)).error().code,
            ErrorCode::unauthorised);
  EXPECT_EQ(verify_mdm_signature_of_some_body("!").error().code, ErrorCode::malformed);
}

TEST_F(MdmSignatureTest, WithoutSignedAttributesItProvesNothingBeforeTheBodyComes) {
  if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
  const OpensslTool tool;
  tool.write("key.pem", device_.key.to_pem());
  tool.write("identity.pem", device_.certificate.pem());
  tool.write("body", idle);
  ASSERT_EQ(tool.run("cms -sign -binary -noattr -signer identity.pem -inkey key.pem -outform DER "
                     "-in body -out signature")
                .exit_status,
            0);
  const std::string value = to_base64(tool.read("signature"));
  EXPECT_TRUE(verify_mdm_signature(value, idle));
  EXPECT_EQ(verify_mdm_signature_of_some_body(value).error().code, ErrorCode::unauthorised);
}

TEST_F(MdmSignatureTest, ListedDigestsThatNobodySignedWithCostNothing) {
  const Bytes cms = must(sign_detached(idle, device_.certificate, device_.key));
  const Bytes sha256 = from_hex("300b0609608648016503040201").value();
  const Bytes one_digest = from_hex("310d").value() + sha256;
  const size_t at = cms.find(one_digest);
  ASSERT_NE(at, Bytes::npos);
  // Two digests instead of one: the SET and the three structures around it grow by 13 bytes.
  Bytes listed = cms;
  listed.replace(at, one_digest.size(), from_hex("311a").value() + sha256 + sha256);
  const auto grow = [&listed](size_t length_at) {
    const auto high = static_cast<unsigned char>(listed[length_at]);
    const auto low = static_cast<unsigned char>(listed[length_at + 1]);
    const unsigned length = high * 256U + low + 13;
    listed[length_at] = static_cast<char>(length / 256);
    listed[length_at + 1] = static_cast<char>(length % 256);
  };
  ASSERT_EQ(to_hex(listed.substr(0, 2)), "3082");
  grow(2);   // ContentInfo
  grow(17);  // [0]
  grow(21);  // SignedData
  EXPECT_TRUE(verify_mdm_signature(to_base64(listed), idle));
}

}  // namespace
}  // namespace reveille::pki

// Configuration profiles as files: a row for every one of the corpus and of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "protocol/pki/certificate.h"
#include "protocol/pki/cms.h"
#include "protocol/plist/parse.h"
#include "protocol/profile/enrolment_profile.h"
#include "tests/support/message_files.h"
#include "tests/support/plist_facts.h"

namespace reveille::profile {
namespace {

using plist::Array;
using plist::Data;
using testing_support::contents_of;
using testing_support::corpus_folder;
using testing_support::expect_facts;
using testing_support::Fact;
using testing_support::file_names_in;
using testing_support::files_of;
using testing_support::has;
using testing_support::is;
using testing_support::lacks;
using testing_support::NamedAfterFile;
using testing_support::testdata_folder;

struct ProfileFile {
  const char* file;
  const char* not_an_enrolment;  // why it does not enrol; empty when it does
  std::vector<Fact> facts;

  friend void PrintTo(const ProfileFile& row, std::ostream* out) { *out << row.file; }
};

// No property list in itself.
struct OtherFile {
  const char* file;
  const char* reason;

  friend void PrintTo(const OtherFile& row, std::ostream* out) { *out << row.file; }
};

const std::vector<ProfileFile> corpus_profiles = {
    {"acme-device-attestation.mobileconfig",
     "no SCEP payload",
     {is("PayloadContent/0/DirectoryURL", "https://127.0.0.1:8443/acme/appleacmesim/directory"),
      is("PayloadContent/0/ClientIdentifier", "2678F47F-7A0B-4E7E-BEBC-29C1DCAF28C6"),
      is("PayloadContent/0/KeySize", 384), is("PayloadContent/0/Attest", true),
      is("PayloadContent/0/HardwareBound", true)}},
    {"enroll-nanomdm.mobileconfig",
     "",
     {is("PayloadContent/0/PayloadUUID", "CB90E976-AD44-4B69-8108-8095E6260978"),
      is("PayloadContent/1/IdentityCertificateUUID", "CB90E976-AD44-4B69-8108-8095E6260978"),
      is("PayloadContent/1/AccessRights", 8191), lacks("PayloadContent/1/CheckInURL"),
      has("PayloadContent/1/ServerCapabilities", 3)}},
    {"managedclient-prefs-office.mobileconfig", "no SCEP payload", {has("PayloadContent", 6)}},
    {"mdm-debug-logging.mobileconfig",
     "no SCEP payload",
     {has("PayloadContent", 3), is("PayloadContent/0/PayloadType", "com.apple.system.logging")}},
    {"pkcs1-user-scope-cfgprofiles.mobileconfig",
     "no SCEP payload",
     {is("PayloadScope", "User"), is("PayloadContent/0/PayloadType", "com.apple.security.pkcs1"),
      has("PayloadContent/0/PayloadContent", 1090)}},
    {"restrictions-ios-zentral.mobileconfig",
     "no SCEP payload",
     {is("PayloadIdentifier", "com.example.my-profile"), is("TargetDeviceType", 1)}},
    {"restrictions-passcode-project-imas.mobileconfig",
     "no SCEP payload",
     {is("PayloadOrganization", ""), is("PayloadContent/0/ratingRegion", "us")}},
    {"scep-placeholders-nanocmd.mobileconfig",
     "no MDM payload",
     {is("PayloadContent/0/PayloadContent/Challenge", "%CHAL%"),
      is("PayloadContent/0/PayloadContent/Subject", Array{Array{Array{"CN", "%CN%"}}})}},
    {"sceptest-micromdm.mobileconfig",
     "no MDM payload",
     {is("PayloadContent/0/PayloadContent/URL", "http://localhost:9001/scep"),
      is("PayloadContent/0/PayloadContent/Retries", 3),
      is("PayloadContent/1/PayloadType", "com.apple.security.root"),
      has("PayloadContent/1/PayloadContent", 1870)}},
    {"skip-siri-setup.mobileconfig",
     "no SCEP payload",
     {is("PayloadContent/0/SkipSiriSetup", true)}},
};

const std::vector<OtherFile> corpus_others = {
    {"acme-multistring-error.mobileconfig", "a key without a value"},
    {"acme-nt-principals-error.mobileconfig", "a key without a value"},
    {"enroll-signed-rsa-sha256.mobileconfig", "not UTF-8"},
    {"test-root.pem", "text between elements"},
};

const std::vector<ProfileFile> own_profiles = {
    {"enrolment-least-keys.mobileconfig", "", {lacks("PayloadContent/2/CheckInURL")}},
    {"enrolment-root-as-pem.mobileconfig", "", {has("PayloadContent", 3)}},
    {"enrolment-scep-and-root.mobileconfig", "", {has("PayloadContent", 3)}},
    {"refused-identity-not-in-profile.mobileconfig",
     "IdentityCertificateUUID does not name the SCEP payload",
     {has("PayloadContent", 2)}},
    {"refused-key-size-out-of-range.mobileconfig",
     "Keysize is out of range",
     {is("PayloadContent/0/PayloadContent/Keysize", std::int64_t{4294969344})}},
    {"refused-no-content.mobileconfig", "PayloadContent is missing", {lacks("PayloadContent")}},
    {"refused-no-server-url.mobileconfig",
     "ServerURL is missing",
     {lacks("PayloadContent/1/ServerURL")}},
    {"restrictions.mobileconfig", "no SCEP payload", {is("PayloadContent/0/allowCamera", false)}},
};

const std::vector<OtherFile> own_others = {
    {"refused-key-without-value.mobileconfig", "a key without a value"},
};

void expect_profile(const ProfileFile& row, const Bytes& body) {
  const Result<plist::Dictionary> dictionary = plist::parse_dictionary(body);
  ASSERT_TRUE(dictionary) << dictionary.error().detail;
  expect_facts(*dictionary, row.facts);

  const Result<EnrolmentProfile> profile = parse_enrolment_profile(body);
  EXPECT_EQ(profile ? "" : profile.error().detail, row.not_an_enrolment);
}

void expect_other(const OtherFile& row, const Bytes& body) {
  const Result<EnrolmentProfile> profile = parse_enrolment_profile(body);
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, ErrorCode::malformed);
  EXPECT_THAT(profile.error().detail, testing::HasSubstr(row.reason));
}

class CorpusProfileTest : public testing::TestWithParam<ProfileFile> {};
class CorpusNoProfileTest : public testing::TestWithParam<OtherFile> {};
class OwnProfileTest : public testing::TestWithParam<ProfileFile> {};
class OwnNoProfileTest : public testing::TestWithParam<OtherFile> {};

TEST_P(CorpusProfileTest, IsReadAsTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_profile(GetParam(), contents_of(corpus_folder("profiles") / GetParam().file));
}

TEST_P(CorpusNoProfileTest, IsRefused) {
  SKIP_WITHOUT_CORPUS();
  expect_other(GetParam(), contents_of(corpus_folder("profiles") / GetParam().file));
}

TEST_P(OwnProfileTest, IsReadAsItsNameSays) {
  expect_profile(GetParam(), contents_of(testdata_folder("profiles") / GetParam().file));
}

TEST_P(OwnNoProfileTest, IsRefused) {
  expect_other(GetParam(), contents_of(testdata_folder("profiles") / GetParam().file));
}

INSTANTIATE_TEST_SUITE_P(Profile, CorpusProfileTest, testing::ValuesIn(corpus_profiles),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Profile, CorpusNoProfileTest, testing::ValuesIn(corpus_others),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Profile, OwnProfileTest, testing::ValuesIn(own_profiles),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Profile, OwnNoProfileTest, testing::ValuesIn(own_others),
                         NamedAfterFile());

EnrolmentProfile read_profile(const std::filesystem::path& file) {
  Result<EnrolmentProfile> profile = parse_enrolment_profile(contents_of(file));
  EXPECT_TRUE(profile) << file;
  return profile ? *std::move(profile) : EnrolmentProfile{};
}

TEST(CorpusProfileFilesTest, AnEnrolmentProfileOfAnotherServerEnrols) {
  SKIP_WITHOUT_CORPUS();
  const EnrolmentProfile profile =
      read_profile(corpus_folder("profiles") / "enroll-nanomdm.mobileconfig");

  EXPECT_EQ(profile.identifier, "com.github.micromdm.nanomdm");
  EXPECT_EQ(profile.scep.url, "https://mdm.example.org/scep");
  EXPECT_EQ(profile.scep.challenge, "SCEP-CHALLENGE-HERE");
  EXPECT_EQ(profile.scep.key_bits, 2048);
  EXPECT_EQ(profile.mdm.server_url, "https://mdm.example.org/mdm");
  EXPECT_EQ(profile.mdm.check_in_url, "");
  EXPECT_TRUE(profile.mdm.sign_message);
  EXPECT_THAT(profile.mdm.server_capabilities, testing::SizeIs(3));
  EXPECT_THAT(profile.root_certificates, testing::IsEmpty());
}

TEST(CorpusProfileFilesTest, ASignedProfileHoldsTheProfileAndChainsToItsRoot) {
  SKIP_WITHOUT_CORPUS();
  const auto root =
      pki::Certificate::from_pem(contents_of(corpus_folder("profiles") / "test-root.pem"));
  ASSERT_TRUE(root) << root.error().detail;
  const auto verified = pki::verify_attached(
      contents_of(corpus_folder("profiles") / "enroll-signed-rsa-sha256.mobileconfig"));
  ASSERT_TRUE(verified) << verified.error().detail;

  EXPECT_EQ(verified->content,
            contents_of(corpus_folder("profiles") / "enroll-nanomdm.mobileconfig"));
  const auto chained = pki::verify_client_certificate(verified->signer, verified->certificates,
                                                      {{*root}}, verified->signer.not_before());
  EXPECT_TRUE(chained) << chained.error().detail;
}

TEST(CorpusProfileFilesTest, AnAmpersandInADescriptionIsOne) {
  SKIP_WITHOUT_CORPUS();
  const auto profile = plist::parse_dictionary(
      contents_of(corpus_folder("profiles") / "restrictions-ios-zentral.mobileconfig"));
  EXPECT_THAT(*profile->find("PayloadDescription")->get_if<std::string>(),
              testing::HasSubstr("Auto-date&time"));
}

TEST(CorpusProfileFilesTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("profiles")), files_of(corpus_profiles, corpus_others));
}

TEST(OwnProfileFilesTest, EveryKeyOfAnEnrolmentProfileIsRead) {
  const EnrolmentProfile profile =
      read_profile(testdata_folder("profiles") / "enrolment-scep-and-root.mobileconfig");

  EXPECT_EQ(profile.organisation, "Example & Sons");
  EXPECT_EQ(profile.scep.name, "reveille");
  EXPECT_EQ(profile.scep.challenge, "one-time");
  EXPECT_EQ(profile.scep.common_name, "device 7");
  EXPECT_EQ(profile.scep.organisation, "Example & Sons");
  EXPECT_EQ(profile.scep.key_bits, 3072);
  EXPECT_EQ(profile.mdm.check_in_url, "https://mdm.example.org/checkin");
  EXPECT_THAT(
      profile.mdm.server_capabilities,
      testing::ElementsAre("com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"));
}

TEST(OwnProfileFilesTest, ARootIsTheSameInPemAsInDer) {
  const auto der =
      read_profile(testdata_folder("profiles") / "enrolment-scep-and-root.mobileconfig");
  const auto pem = read_profile(testdata_folder("profiles") / "enrolment-root-as-pem.mobileconfig");

  ASSERT_THAT(der.root_certificates, testing::SizeIs(1));
  EXPECT_EQ(pem.root_certificates, der.root_certificates);
  EXPECT_TRUE(pki::Certificate::from_der(der.root_certificates[0]));
}

TEST(OwnProfileFilesTest, WhatAProfileDoesNotSayHasApplesDefault) {
  const EnrolmentProfile profile =
      read_profile(testdata_folder("profiles") / "enrolment-least-keys.mobileconfig");

  EXPECT_EQ(profile.scep.key_bits, 1024);
  EXPECT_EQ(profile.scep.key_usage, 0);
  EXPECT_FALSE(profile.mdm.sign_message);
  EXPECT_FALSE(profile.mdm.check_out_when_removed);
  EXPECT_EQ(profile.mdm.check_in_url, "");
}

TEST(OwnProfileFilesTest, EveryFileHasARow) {
  EXPECT_EQ(file_names_in(testdata_folder("profiles")), files_of(own_profiles, own_others));
}

}  // namespace
}  // namespace reveille::profile

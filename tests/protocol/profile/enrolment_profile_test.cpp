#include "protocol/profile/enrolment_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"
#include "protocol/profile/payload_uuid.h"
#include "tests/support/plist_facts.h"

namespace reveille::profile {
namespace {

using plist::Array;
using plist::Data;
using plist::Dictionary;
using testing::HasSubstr;
using testing::Not;
using testing_support::expect_facts;
using testing_support::has;
using testing_support::is;
using testing_support::lacks;

EnrolmentProfile complete() {
  return {
      .identifier = "org.example.enrol",
      .uuid = "5F1E2D3C-4B5A-4697-8807-16253443526F",
      .display_name = "Example & Sons",
      .organisation = "Example",
      .root_certificates = {Bytes("\x30\x00", 2), "second"},
      .scep = {.url = "https://mdm.example.org/scep",
               .name = "reveille",
               .challenge = "one-time <secret>",
               .common_name = "device 7",
               .organisation = "Example",
               .key_bits = 3072,
               .key_usage = 5},
      .mdm = {.topic = "com.apple.mgmt.External.example",
              .server_url = "https://mdm.example.org/mdm",
              .check_in_url = "https://mdm.example.org/checkin",
              .access_rights = 8191,
              .sign_message = true,
              .check_out_when_removed = true,
              .server_capabilities = {"com.apple.mdm.per-user-connections"}},
  };
}

Dictionary written(const EnrolmentProfile& profile) {
  const auto dictionary = plist::parse_dictionary(write_enrolment_profile(profile));
  EXPECT_TRUE(dictionary);
  return dictionary ? *dictionary : Dictionary{};
}

std::string text_at(const Dictionary& profile, std::string_view path) {
  const plist::Value root = profile;
  const plist::Value* value = testing_support::value_at(root, path);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? "" : *text;
}

std::string refusal(const Dictionary& profile) {
  const auto read = parse_enrolment_profile(plist::write_xml(profile));
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, ErrorCode::malformed);
  return read.error().detail;
}

// `profile` with one payload changed.
Dictionary with_payload(const EnrolmentProfile& profile, std::size_t place, const std::string& key,
                        const plist::Value& value) {
  Dictionary top = written(profile);
  Array payloads = *top.find("PayloadContent")->get_if<Array>();
  payloads.at(place).get_if<Dictionary>()->set(key, value);
  top.set("PayloadContent", payloads);
  return top;
}

TEST(EnrolmentProfileTest, ItIsAConfigurationOfRootsIdentityAndManagementInThisOrder) {
  expect_facts(
      written(complete()),
      {is("PayloadType", "Configuration"), is("PayloadVersion", 1),
       is("PayloadIdentifier", "org.example.enrol"),
       is("PayloadUUID", "5F1E2D3C-4B5A-4697-8807-16253443526F"),
       is("PayloadDisplayName", "Example & Sons"), is("PayloadOrganization", "Example"),
       has("PayloadContent", 4), is("PayloadContent/0/PayloadType", "com.apple.security.root"),
       is("PayloadContent/0/PayloadContent", Data{Bytes("\x30\x00", 2)}),
       is("PayloadContent/1/PayloadContent", Data{"second"}),
       is("PayloadContent/2/PayloadType", "com.apple.security.scep"),
       is("PayloadContent/3/PayloadType", "com.apple.mdm")});
}

TEST(EnrolmentProfileTest, TheScepPayloadSaysAllThatAnIdentityNeeds) {
  const std::string content = "PayloadContent/2/PayloadContent/";
  expect_facts(
      written(complete()),
      {is(content + "URL", "https://mdm.example.org/scep"), is(content + "Name", "reveille"),
       is(content + "Challenge", "one-time <secret>"), is(content + "Keysize", 3072),
       is(content + "Key Type", "RSA"), is(content + "Key Usage", 5),
       is(content + "Subject",
          Array{Array{Array{"O", "Example"}}, Array{Array{"CN", "device 7"}}})});
}

TEST(EnrolmentProfileTest, TheMdmPayloadNamesTheScepPayloadAsItsIdentity) {
  const Dictionary profile = written(complete());
  expect_facts(profile,
               {is("PayloadContent/3/Topic", "com.apple.mgmt.External.example"),
                is("PayloadContent/3/ServerURL", "https://mdm.example.org/mdm"),
                is("PayloadContent/3/CheckInURL", "https://mdm.example.org/checkin"),
                is("PayloadContent/3/AccessRights", 8191), is("PayloadContent/3/SignMessage", true),
                is("PayloadContent/3/CheckOutWhenRemoved", true),
                has("PayloadContent/3/ServerCapabilities", 1)});
  EXPECT_EQ(text_at(profile, "PayloadContent/3/IdentityCertificateUUID"),
            text_at(profile, "PayloadContent/2/PayloadUUID"));
}

TEST(EnrolmentProfileTest, WhatIsEmptyIsLeftOut) {
  EnrolmentProfile profile = complete();
  profile.organisation.clear();
  profile.root_certificates.clear();
  profile.scep.name.clear();
  profile.scep.challenge.clear();
  profile.scep.organisation.clear();
  profile.mdm.check_in_url.clear();
  profile.mdm.server_capabilities.clear();

  expect_facts(
      written(profile),
      {lacks("PayloadOrganization"), has("PayloadContent", 2),
       lacks("PayloadContent/0/PayloadContent/Name"),
       lacks("PayloadContent/0/PayloadContent/Challenge"),
       is("PayloadContent/0/PayloadContent/Subject", Array{Array{Array{"CN", "device 7"}}}),
       lacks("PayloadContent/1/CheckInURL"), lacks("PayloadContent/1/ServerCapabilities")});
}

TEST(EnrolmentProfileTest, EveryPayloadHasAnIdentifierAndAUuidOfItsOwn) {
  const Dictionary profile = written(complete());
  std::set<std::string> uuids{text_at(profile, "PayloadUUID")};
  std::set<std::string> identifiers{text_at(profile, "PayloadIdentifier")};
  for (const char* place : {"0", "1", "2", "3"}) {
    const std::string payload = "PayloadContent/" + std::string(place);
    uuids.insert(text_at(profile, payload + "/PayloadUUID"));
    identifiers.insert(text_at(profile, payload + "/PayloadIdentifier"));
    EXPECT_EQ(*testing_support::value_at(profile, payload + "/PayloadVersion"), plist::Value(1));
  }
  EXPECT_EQ(uuids.size(), 5u);
  EXPECT_EQ(identifiers.size(), 5u);
}

TEST(EnrolmentProfileTest, TheSameProfileIsWrittenAlikeForEver) {
  EXPECT_EQ(write_enrolment_profile(complete()), write_enrolment_profile(complete()));
}

TEST(EnrolmentProfileTest, ARenewedProfileReplacesItsPayloads) {
  EnrolmentProfile renewed = complete();
  renewed.scep.challenge = "another one";
  renewed.root_certificates = {"one"};

  EXPECT_EQ(text_at(written(renewed), "PayloadContent/1/PayloadUUID"),
            text_at(written(complete()), "PayloadContent/2/PayloadUUID"));
  EXPECT_EQ(text_at(written(renewed), "PayloadContent/2/PayloadUUID"),
            text_at(written(complete()), "PayloadContent/3/PayloadUUID"));
}

TEST(EnrolmentProfileTest, WhatIsWrittenReadsBack) {
  const EnrolmentProfile profile = complete();
  const auto read = parse_enrolment_profile(write_enrolment_profile(profile));

  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->identifier, profile.identifier);
  EXPECT_EQ(read->uuid, profile.uuid);
  EXPECT_EQ(read->display_name, profile.display_name);
  EXPECT_EQ(read->organisation, profile.organisation);
  EXPECT_EQ(read->root_certificates, profile.root_certificates);
  EXPECT_EQ(read->scep.url, profile.scep.url);
  EXPECT_EQ(read->scep.name, profile.scep.name);
  EXPECT_EQ(read->scep.challenge, profile.scep.challenge);
  EXPECT_EQ(read->scep.common_name, profile.scep.common_name);
  EXPECT_EQ(read->scep.organisation, profile.scep.organisation);
  EXPECT_EQ(read->scep.key_bits, profile.scep.key_bits);
  EXPECT_EQ(read->scep.key_usage, profile.scep.key_usage);
  EXPECT_EQ(read->mdm.topic, profile.mdm.topic);
  EXPECT_EQ(read->mdm.server_url, profile.mdm.server_url);
  EXPECT_EQ(read->mdm.check_in_url, profile.mdm.check_in_url);
  EXPECT_EQ(read->mdm.access_rights, profile.mdm.access_rights);
  EXPECT_EQ(read->mdm.sign_message, profile.mdm.sign_message);
  EXPECT_EQ(read->mdm.check_out_when_removed, profile.mdm.check_out_when_removed);
  EXPECT_EQ(read->mdm.server_capabilities, profile.mdm.server_capabilities);
}

TEST(ParseEnrolmentProfileTest, TheOrderOfPayloadsHasNoMeaning) {
  Dictionary top = written(complete());
  Array payloads = *top.find("PayloadContent")->get_if<Array>();
  std::reverse(payloads.begin(), payloads.end());
  top.set("PayloadContent", payloads);

  EXPECT_EQ(refusal(top), "accepted");
}

TEST(ParseEnrolmentProfileTest, PayloadsOfOtherTypesAndOddOnesAreNotRead) {
  Dictionary top = written(complete());
  Array payloads = *top.find("PayloadContent")->get_if<Array>();
  payloads.insert(payloads.begin(), {plist::Value("odd"), plist::Value(Dictionary{}),
                                     plist::Value(Dictionary{{"PayloadType", 7}}),
                                     plist::Value(Dictionary{{"PayloadType", "com.apple.wifi"}})});
  top.set("PayloadContent", payloads);

  EXPECT_EQ(refusal(top), "accepted");
}

TEST(ParseEnrolmentProfileTest, WhatIsMissingIsNamed) {
  for (const char* key : {"PayloadIdentifier", "PayloadUUID", "PayloadContent"}) {
    Dictionary top;
    const Dictionary whole = written(complete());
    for (const auto& [name, value] : whole.entries()) {
      if (name != key) top.set(name, value);
    }
    EXPECT_EQ(refusal(top), std::string(key) + " is missing");
  }
  Dictionary empty = written(complete());
  empty.set("PayloadContent", Array{});
  EXPECT_EQ(refusal(empty), "no SCEP payload");
  EXPECT_EQ(refusal(with_payload(complete(), 3, "PayloadType", "com.apple.wifi")),
            "no MDM payload");
  EXPECT_EQ(refusal(with_payload(complete(), 3, "ServerURL", "")), "ServerURL is missing");
  EXPECT_EQ(refusal(with_payload(complete(), 3, "Topic", 7)), "Topic is not a string");
}

TEST(ParseEnrolmentProfileTest, AnIdentityThatIsNotInTheProfileIsRefused) {
  EXPECT_EQ(refusal(with_payload(complete(), 3, "IdentityCertificateUUID", "another")),
            "IdentityCertificateUUID does not name the SCEP payload");
  EXPECT_EQ(refusal(with_payload(complete(), 3, "IdentityCertificateUUID", "")),
            "IdentityCertificateUUID is missing");
}

TEST(ParseEnrolmentProfileTest, NumbersOutOfRangeAreRefused) {
  const auto scep_with = [](const char* key, const plist::Value& value) {
    return with_payload(complete(), 2, "PayloadContent",
                        Dictionary{{"URL", "https://mdm.example.org/scep"}, {key, value}});
  };
  EXPECT_EQ(refusal(scep_with("Keysize", std::int64_t{4294969344})), "Keysize is out of range");
  EXPECT_EQ(refusal(scep_with("Keysize", -1)), "Keysize is out of range");
  EXPECT_EQ(refusal(scep_with("Key Usage", 65536)), "Key Usage is out of range");
  EXPECT_EQ(refusal(scep_with("Keysize", "2048")), "Keysize is not an integer");
  EXPECT_EQ(refusal(with_payload(complete(), 3, "AccessRights", std::int64_t{1} << 40)),
            "AccessRights is out of range");
}

TEST(ParseEnrolmentProfileTest, ASubjectOfAnyShapeIsReadForWhatItHas) {
  const auto subject = [](const plist::Value& value) {
    const auto read = parse_enrolment_profile(plist::write_xml(
        with_payload(complete(), 2, "PayloadContent",
                     Dictionary{{"URL", "https://mdm.example.org/scep"}, {"Subject", value}})));
    EXPECT_TRUE(read);
    return read ? read->scep.common_name + "/" + read->scep.organisation : "";
  };
  EXPECT_EQ(subject(Array{Array{Array{"2.5.4.3", "a"}, Array{"2.5.4.10", "b"}}}), "a/b");
  EXPECT_EQ(subject(Array{"CN", Array{"CN"}, Array{Array{"CN"}}, Array{Array{"CN", 7}}}), "/");
  EXPECT_EQ(subject(Array{}), "/");
}

TEST(ParseEnrolmentProfileTest, WhatIsNoPropertyListIsRefused) {
  EXPECT_FALSE(parse_enrolment_profile(""));
  EXPECT_FALSE(parse_enrolment_profile("\x30\x82\x10\x00"));
  EXPECT_FALSE(parse_enrolment_profile(plist::write_xml(Array{})));
}

TEST(PayloadUuidTest, ItHasTheFormOfAUuidOfVersion8) {
  EXPECT_THAT(payload_uuid("5F1E2D3C-4B5A-4697-8807-16253443526F", "scep"),
              testing::MatchesRegex("[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-"
                                    "[0-9A-F]{12}"));
}

TEST(PayloadUuidTest, AnotherProfileOrAnotherRoleIsAnotherUuid) {
  std::set<std::string> uuids;
  for (int profile = 0; profile < 100; ++profile) {
    for (int role = 0; role < 100; ++role) {
      uuids.insert(payload_uuid(std::to_string(profile), std::to_string(role)));
    }
  }
  EXPECT_EQ(uuids.size(), 10'000u);
}

// Devices that are enrolled have this one: a profile with another would not replace its payload.
TEST(PayloadUuidTest, ItNeverChanges) {
  EXPECT_EQ(payload_uuid("5F1E2D3C-4B5A-4697-8807-16253443526F", "scep"),
            "0C8CE251-76BE-808E-99BD-562021164865");
}

}  // namespace
}  // namespace reveille::profile

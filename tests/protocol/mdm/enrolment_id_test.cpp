#include "protocol/mdm/enrolment_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <unordered_set>

namespace reveille::mdm {
namespace {

using plist::Dictionary;
using testing::HasSubstr;

const std::string udid = "00008301-0004A1B2C3D4E5F6";
const std::string user = "6B1C7E52-3F0A-4D8B-9E6D-0A1B2C3D4E5F";
const std::string enrolment = "E1A2B3C4-0D1E-4F2A-8B3C-4D5E6F708192";
const std::string every_shared_ipad_user = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

Identity identity_in(const Dictionary& message) {
  plist::Fields fields(message);
  Identity identity = read_identity(fields);
  EXPECT_FALSE(fields.failed()) << fields.finish(0).error().detail;
  return identity;
}

std::string refusal(const Dictionary& message) {
  plist::Fields fields(message);
  EXPECT_EQ(read_identity(fields), Identity{});
  const Result<int> result = fields.finish(0);
  return result ? "accepted" : result.error().detail;
}

TEST(IdentityTest, AUdidAloneIsTheDeviceChannel) {
  const Identity identity = identity_in({{"UDID", udid}});

  EXPECT_EQ(identity.kind, IdentityKind::device);
  EXPECT_EQ(identity.enrolment.text(), udid);
  EXPECT_EQ(identity.device, identity.enrolment);
  EXPECT_FALSE(identity.is_user_channel());
}

TEST(IdentityTest, AUdidWithAUserIsAUserChannelOfAMac) {
  const Identity identity = identity_in(
      {{"UDID", udid}, {"UserID", user}, {"UserShortName", "rosa"}, {"UserLongName", "Rosa Vega"}});

  EXPECT_EQ(identity.kind, IdentityKind::user);
  EXPECT_EQ(identity.enrolment.text(), udid + ":" + user);
  EXPECT_EQ(identity.device.text(), udid);
  EXPECT_TRUE(identity.is_user_channel());
  EXPECT_EQ(identity.user_short_name, "rosa");
  EXPECT_EQ(identity.user_long_name, "Rosa Vega");
}

TEST(IdentityTest, ASharedIpadUserIsNamedByTheManagedAppleAccount) {
  const Identity identity = identity_in(
      {{"UDID", udid}, {"UserID", every_shared_ipad_user}, {"UserShortName", "rosa@school.test"}});

  EXPECT_EQ(identity.kind, IdentityKind::shared_ipad_user);
  EXPECT_EQ(identity.enrolment.text(), udid + ":rosa@school.test");
  EXPECT_EQ(identity.device.text(), udid);
}

TEST(IdentityTest, AnEnrollmentIdAloneIsTheDeviceChannelOfAUserEnrolment) {
  const Identity identity = identity_in({{"EnrollmentID", enrolment}});

  EXPECT_EQ(identity.kind, IdentityKind::user_enrolment_device);
  EXPECT_EQ(identity.enrolment.text(), enrolment);
  EXPECT_FALSE(identity.is_user_channel());
}

TEST(IdentityTest, AnEnrollmentIdWithAUserIsTheUserChannelOfAUserEnrolment) {
  const Identity identity = identity_in({{"EnrollmentID", enrolment}, {"EnrollmentUserID", user}});

  EXPECT_EQ(identity.kind, IdentityKind::user_enrolment_user);
  EXPECT_EQ(identity.enrolment.text(), enrolment + ":" + user);
  EXPECT_EQ(identity.device.text(), enrolment);
  EXPECT_TRUE(identity.is_user_channel());
}

TEST(IdentityTest, WithBothIdsTheUdidWins) {
  const Identity identity =
      identity_in({{"EnrollmentID", enrolment}, {"UDID", udid}, {"EnrollmentUserID", user}});

  EXPECT_EQ(identity.kind, IdentityKind::device);
  EXPECT_EQ(identity.enrolment.text(), udid);
}

TEST(IdentityTest, TheUserOfTheOtherKindOfEnrolmentIsNotRead) {
  EXPECT_EQ(identity_in({{"EnrollmentID", enrolment}, {"UserID", user}}).kind,
            IdentityKind::user_enrolment_device);
}

TEST(IdentityTest, EmptyKeysCountAsAbsent) {
  EXPECT_EQ(identity_in({{"UDID", udid}, {"UserID", ""}, {"EnrollmentID", ""}}).kind,
            IdentityKind::device);
  EXPECT_EQ(identity_in({{"UDID", ""}, {"EnrollmentID", enrolment}}).kind,
            IdentityKind::user_enrolment_device);
}

TEST(IdentityTest, AnIdKeepsItsCaseItsLengthAndItsSpelling) {
  for (const char* text : {"663b07bb783e9ade1dae4fbb92ea12afc0ce5b69", "test", "some-udid",
                           "FA01680E-98CA-5557-8F59-7716ECFEE964", "a b", "\xc3\xa9"}) {
    EXPECT_EQ(identity_in({{"UDID", text}}).enrolment.text(), text);
  }
  EXPECT_NE(identity_in({{"UDID", "abc"}}).enrolment, identity_in({{"UDID", "ABC"}}).enrolment);
}

TEST(IdentityTest, AColonIsKeptInAUsersIdButRefusedInADevices) {
  EXPECT_EQ(identity_in({{"UDID", "a"}, {"UserID", "b:c"}}).enrolment.text(), "a:b:c");
  EXPECT_THAT(refusal({{"UDID", "a:b"}}), HasSubstr("':' in the device's id"));
  EXPECT_THAT(refusal({{"UDID", "a:b"}, {"UserID", "c"}}), HasSubstr("':' in the device's id"));
  EXPECT_THAT(refusal({{"EnrollmentID", "a:b"}}), HasSubstr("':' in the device's id"));
}

TEST(IdentityTest, AMessageFromNobodyIsRefused) {
  EXPECT_EQ(refusal({}), "UDID and EnrollmentID are missing");
  EXPECT_EQ(refusal({{"UDID", ""}}), "UDID and EnrollmentID are missing");
  EXPECT_EQ(refusal({{"UserID", user}}), "UDID and EnrollmentID are missing");
}

TEST(IdentityTest, ASharedIpadUserWithoutAShortNameIsRefused) {
  EXPECT_EQ(refusal({{"UDID", udid}, {"UserID", every_shared_ipad_user}}),
            "UserShortName is missing");
  EXPECT_EQ(refusal({{"UDID", udid}, {"UserID", every_shared_ipad_user}, {"UserShortName", ""}}),
            "UserShortName is missing");
}

TEST(IdentityTest, IdsOfAnotherTypeAreRefused) {
  EXPECT_EQ(refusal({{"UDID", 7}}), "UDID is not a string");
  EXPECT_EQ(refusal({{"UDID", plist::Data{"x"}}}), "UDID is not a string");
  EXPECT_EQ(refusal({{"EnrollmentID", true}}), "EnrollmentID is not a string");
  EXPECT_EQ(refusal({{"UDID", udid}, {"UserID", 7}}), "UserID is not a string");
  EXPECT_EQ(refusal({{"EnrollmentID", udid}, {"EnrollmentUserID", 7}}),
            "EnrollmentUserID is not a string");
  EXPECT_EQ(refusal({{"UDID", udid}, {"UserID", user}, {"UserShortName", 7}}),
            "UserShortName is not a string");
}

TEST(IdentityTest, ControlCharactersAreRefused) {
  for (const std::string& text :
       {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"), std::string("a\r")}) {
    EXPECT_EQ(refusal({{"UDID", text}}), "the enrolment id has control characters");
    EXPECT_EQ(refusal({{"UDID", udid}, {"UserID", text}}),
              "the enrolment id has control characters");
  }
}

TEST(IdentityTest, AnIdAboveTheBoundIsRefusedUserIncluded) {
  const std::string longest(EnrolmentId::bytes_max, 'a');
  EXPECT_EQ(identity_in({{"UDID", longest}}).enrolment.text(), longest);
  EXPECT_EQ(refusal({{"UDID", longest + "a"}}), "the enrolment id is too long");
  EXPECT_EQ(refusal({{"UDID", longest}, {"UserID", "b"}}), "the enrolment id is too long");
  EXPECT_EQ(refusal({{"UDID", std::string(1 << 20, 'a')}}), "the enrolment id is too long");
}

TEST(EnrolmentIdTest, WhatAnOperatorTypesIsTakenAsItIs) {
  const Result<EnrolmentId> id = parse_enrolment_id(udid + ":" + user);

  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), udid + ":" + user);
}

TEST(EnrolmentIdTest, NothingControlCharactersAndEndlessTextAreRefused) {
  EXPECT_FALSE(parse_enrolment_id(""));
  EXPECT_FALSE(parse_enrolment_id("a\tb"));
  EXPECT_FALSE(parse_enrolment_id(std::string(EnrolmentId::bytes_max + 1, 'a')));
  EXPECT_TRUE(parse_enrolment_id(std::string(EnrolmentId::bytes_max, 'a')));
}

TEST(EnrolmentIdTest, EqualTextsHashAlike) {
  std::unordered_set<EnrolmentId> ids{EnrolmentId(udid)};

  EXPECT_TRUE(ids.contains(EnrolmentId(udid)));
  EXPECT_FALSE(ids.contains(EnrolmentId(user)));
}

TEST(IdentityKindTest, KindsAreCalledAsInNanoMdm) {
  EXPECT_STREQ(name_of(IdentityKind::device), "Device");
  EXPECT_STREQ(name_of(IdentityKind::user), "User");
  EXPECT_STREQ(name_of(IdentityKind::shared_ipad_user), "Shared iPad");
  EXPECT_STREQ(name_of(IdentityKind::user_enrolment_device), "User Enrollment (Device)");
  EXPECT_STREQ(name_of(IdentityKind::user_enrolment_user), "User Enrollment");
}

}  // namespace
}  // namespace reveille::mdm

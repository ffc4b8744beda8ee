// What is handed to devices, as files: a row for every one of the corpus and of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "protocol/mdm/command.h"
#include "protocol/plist/parse.h"
#include "tests/support/message_files.h"
#include "tests/support/plist_facts.h"

namespace reveille::mdm {
namespace {

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

struct CommandFile {
  const char* file;
  const char* uuid;
  const char* request_type;
  std::vector<Fact> facts;

  friend void PrintTo(const CommandFile& row, std::ostream* out) { *out << row.file; }
};

// A property list that is no command.
struct OtherFile {
  const char* file;
  std::vector<Fact> facts;
  const char* reason;  // why it is no command

  friend void PrintTo(const OtherFile& row, std::ostream* out) { *out << row.file; }
};

const std::vector<CommandFile> corpus_commands = {
    {"certificatelist-managedonly.plist",
     "7D3C9A0E-0000-4000-8000-00000000000A",
     "CertificateList",
     {is("Command/ManagedOnly", true)}},
    {"declarativemanagement-fleet-leading-blanks.plist",
     "9C2A1F6E-0000-4000-8000-000000000005",
     "DeclarativeManagement",
     {lacks("Command/Data")}},
    {"deviceinformation-empty-queries-one-line.plist",
     "1ad24ed8-0405-47e5-a230-6966207b6e14",
     "DeviceInformation",
     {lacks("Command/Queries")}},
    {"deviceinformation-no-queries.plist",
     "CMD-0001",
     "DeviceInformation",
     {lacks("Command/Queries")}},
    {"deviceinformation-one-line.plist",
     "7564fecc-f1b5-4d2d-af17-986fdd68a252",
     "DeviceInformation",
     {is("Command/Queries/0", "foo"), is("Command/Queries/1", "bar"), has("Command/Queries", 2)}},
    {"deviceinformation-queries.plist",
     "7D3C9A0E-0000-4000-8000-000000000002",
     "DeviceInformation",
     {has("Command/Queries", 4)}},
    {"devicelock-pin-fleet.plist",
     "9C2A1F6E-0000-4000-8000-000000000002",
     "DeviceLock",
     {is("Command/PIN", "012345")}},
    {"erasedevice-pin.plist",
     "7D3C9A0E-0000-4000-8000-00000000000B",
     "EraseDevice",
     {is("Command/PIN", "123456")}},
    {"installapplication-fleet.plist",
     "9C2A1F6E-0000-4000-8000-000000000003",
     "InstallApplication",
     {is("Command/iTunesStoreID", 803453959)}},
    {"installprofile-enroll.plist",
     "7D3C9A0E-0000-4000-8000-000000000005",
     "InstallProfile",
     {has("Command/Payload", 2089)}},
    {"installprofile-fleet-commanduuid-first.plist",
     "9C2A1F6E-0000-4000-8000-000000000001",
     "InstallProfile",
     {has("Command/Payload", 1742)}},
    {"installprofile-micromdm-indented.plist",
     "7e761ec5-9e20-42d1-9072-3d5a611e3ac5",
     "InstallProfile",
     {is("Command/Payload", Data{"foobarbaz"})}},
    {"osupdatestatus.plist", "7D3C9A0E-0000-4000-8000-00000000000D", "OSUpdateStatus", {}},
    {"profilelist-managedonly-named-uuid.plist",
     "0001_ProfileList",
     "ProfileList",
     {is("Command/ManagedOnly", true)}},
    {"removeprofile.plist",
     "7D3C9A0E-0000-4000-8000-000000000006",
     "RemoveProfile",
     {is("Command/Identifier", "com.github.micromdm.nanomdm")}},
    {"scheduleosupdate.plist",
     "7D3C9A0E-0000-4000-8000-000000000007",
     "ScheduleOSUpdate",
     {has("Command/Updates", 1), is("Command/Updates/0/MaxUserDeferrals", 3)}},
    {"securityinfo.plist", "7D3C9A0E-0000-4000-8000-000000000004", "SecurityInfo", {}},
    {"settings-bootstraptokenallowed.plist",
     "7D3C9A0E-0000-4000-8000-000000000009",
     "Settings",
     {is("Command/Settings/0/Item", "MDMOptions")}},
    {"settings-hostname-devicename.plist",
     "19a68ea7-eb45-4ced-a7e6-5aa0b0eb71bc",
     "Settings",
     {has("Command/Settings", 2)}},
    {"userlist.plist", "7D3C9A0E-0000-4000-8000-00000000000C", "UserList", {}},
};

const std::vector<OtherFile> corpus_others = {
    {"manifest-microsoft-autoupdate.plist",
     {has("items", 1), has("items/0/assets", 1),
      is("items/0/metadata/bundle-identifier", "com.microsoft.autoupdate")},
     "CommandUUID is missing"},
    {"manifest-munkitools.plist",
     {has("items", 1), is("items/0/metadata/bundle-version", "3.1.0.3430")},
     "CommandUUID is missing"},
    {"reply-gettoken-hello.plist", {is("TokenData", Data{"hello"})}, "CommandUUID is missing"},
    {"reply-userauthenticate-empty-digestchallenge.plist",
     {is("DigestChallenge", "")},
     "CommandUUID is missing"},
};

constexpr const char* own_uuid = "A61F0C3B-8D24-4E79-9B50-6C7D8E9F0A1B";

const std::vector<CommandFile> own_commands = {
    {"binary-restart-device.plist", own_uuid, "RestartDevice", {}},
    {"device-information-one-line.plist",
     own_uuid,
     "DeviceInformation",
     {has("Command/Queries", 2)}},
    {"device-lock-pin-leading-zero.plist",
     "lock-0001",
     "DeviceLock",
     {is("Command/PIN", "004711")}},
    {"install-application.plist",
     "0003_InstallApplication",
     "InstallApplication",
     {is("Command/iTunesStoreID", 987654321)}},
    {"restart-device.plist", own_uuid, "RestartDevice", {}},
};

const std::vector<OtherFile> own_others = {
    {"refused-long-uuid.plist", {}, "CommandUUID is longer than 256 bytes"},
    {"refused-no-request-type.plist", {has("Command/Queries", 0)}, "RequestType is missing"},
    {"reply-empty-challenge.plist", {is("DigestChallenge", "")}, "CommandUUID is missing"},
    {"reply-no-command.plist", {is("TokenData", Data{"token"})}, "CommandUUID is missing"},
};

void expect_command(const CommandFile& row, const Bytes& body) {
  const Result<Command> command = parse_command(body);
  ASSERT_TRUE(command) << command.error().detail;
  EXPECT_EQ(command->uuid.text, row.uuid);
  EXPECT_EQ(command->request_type, row.request_type);
  EXPECT_EQ(command->body, body);
  expect_facts(*plist::parse_dictionary(body), row.facts);
}

void expect_other(const OtherFile& row, const Bytes& body) {
  const Result<Command> command = parse_command(body);
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error(), (Error{ErrorCode::malformed, row.reason}));
  const Result<plist::Dictionary> dictionary = plist::parse_dictionary(body);
  ASSERT_TRUE(dictionary);
  expect_facts(*dictionary, row.facts);
}

class CorpusCommandTest : public testing::TestWithParam<CommandFile> {};
class CorpusOtherTest : public testing::TestWithParam<OtherFile> {};
class OwnCommandTest : public testing::TestWithParam<CommandFile> {};
class OwnOtherTest : public testing::TestWithParam<OtherFile> {};

TEST_P(CorpusCommandTest, IsReadAsTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_command(GetParam(), contents_of(corpus_folder("commands") / GetParam().file));
}

TEST_P(CorpusOtherTest, IsAPropertyListButNoCommand) {
  SKIP_WITHOUT_CORPUS();
  expect_other(GetParam(), contents_of(corpus_folder("commands") / GetParam().file));
}

TEST_P(OwnCommandTest, IsReadAsItsNameSays) {
  expect_command(GetParam(), contents_of(testdata_folder("commands") / GetParam().file));
}

TEST_P(OwnOtherTest, IsAPropertyListButNoCommand) {
  expect_other(GetParam(), contents_of(testdata_folder("commands") / GetParam().file));
}

INSTANTIATE_TEST_SUITE_P(Command, CorpusCommandTest, testing::ValuesIn(corpus_commands),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Command, CorpusOtherTest, testing::ValuesIn(corpus_others),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Command, OwnCommandTest, testing::ValuesIn(own_commands),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Command, OwnOtherTest, testing::ValuesIn(own_others), NamedAfterFile());

TEST(CorpusCommandFilesTest, AProfileInACommandIsTheProfileByteForByte) {
  SKIP_WITHOUT_CORPUS();
  for (const auto& [command, profile] :
       {std::pair("installprofile-enroll.plist", "enroll-nanomdm.mobileconfig"),
        std::pair("installprofile-fleet-commanduuid-first.plist",
                  "restrictions-ios-zentral.mobileconfig")}) {
    const auto message = plist::parse_dictionary(contents_of(corpus_folder("commands") / command));
    ASSERT_TRUE(message);
    expect_facts(*message,
                 {is("Command/Payload", Data{contents_of(corpus_folder("profiles") / profile)})});
  }
}

TEST(CorpusCommandFilesTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("commands")), files_of(corpus_commands, corpus_others));
}

TEST(OwnCommandFilesTest, EveryFileHasARow) {
  EXPECT_EQ(file_names_in(testdata_folder("commands")), files_of(own_commands, own_others));
}

}  // namespace
}  // namespace reveille::mdm

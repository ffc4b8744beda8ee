#include "protocol/mdm/command.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/protocol/mdm/messages.h"

namespace reveille::mdm {
namespace {

using plist::Dictionary;

const Dictionary restart{{"CommandUUID", "0007_RestartDevice"},
                         {"Command", Dictionary{{"RequestType", "RestartDevice"}}}};

std::string refused_command(const Dictionary& message) {
  const Result<Command> command = parse_command(plist::write_xml(message));
  if (command) return "accepted";
  EXPECT_EQ(command.error().code, ErrorCode::malformed);
  EXPECT_FALSE(parse_command(plist::write_binary(message)));
  return command.error().detail;
}

TEST(CommandTest, ItsUuidAndItsTypeAreRead) {
  for (const Bytes& body : {plist::write_xml(restart), plist::write_binary(restart)}) {
    const Result<Command> command = parse_command(body);

    ASSERT_TRUE(command);
    EXPECT_EQ(command->uuid.text, "0007_RestartDevice");
    EXPECT_EQ(command->request_type, "RestartDevice");
    EXPECT_EQ(command->body, body);
  }
}

TEST(CommandTest, ItsBytesAreKeptExactly) {
  const std::string body =
      "\n  <plist><!-- kept --><dict>\r\n<key>Command</key><dict><key>RequestType</key>"
      "<string>RestartDevice</string><key>Odd</key><integer>0x0A</integer></dict>"
      "<key>CommandUUID</key><string>a&amp;b</string></dict></plist>\t\n";

  const Result<Command> command = parse_command(body);

  ASSERT_TRUE(command);
  EXPECT_EQ(command->body, body);
  EXPECT_EQ(command->uuid.text, "a&b");
}

TEST(CommandTest, OtherKeysAreNotTheParsersMatter) {
  EXPECT_TRUE(parse_command(plist::write_xml(with(restart, {{"Novelty", true}}))));
}

TEST(CommandTest, ItsUuidNeedNotBeOne) {
  for (const std::string& uuid : {std::string("1"), std::string("0001_ProfileList"),
                                  std::string(256, 'x'), std::string("caf\xc3\xa9 \"'")}) {
    const Result<Command> command =
        parse_command(plist::write_xml(with(restart, {{"CommandUUID", uuid}})));
    ASSERT_TRUE(command);
    EXPECT_EQ(command->uuid.text, uuid);
  }
}

TEST(CommandTest, AUuidThatIsNoneIsRefused) {
  EXPECT_EQ(refused_command(without(restart, "CommandUUID")), "CommandUUID is missing");
  EXPECT_EQ(refused_command(with(restart, {{"CommandUUID", ""}})), "CommandUUID is missing");
  EXPECT_EQ(refused_command(with(restart, {{"CommandUUID", 7}})), "CommandUUID is not a string");
  EXPECT_EQ(refused_command(with(restart, {{"CommandUUID", std::string(257, 'x')}})),
            "CommandUUID is longer than 256 bytes");
  EXPECT_EQ(refused_command(with(restart, {{"CommandUUID", "a\nb"}})),
            "CommandUUID has control characters");
}

TEST(CommandTest, ARequestWithoutATypeIsRefused) {
  EXPECT_EQ(refused_command(without(restart, "Command")), "Command is missing");
  EXPECT_EQ(refused_command(with(restart, {{"Command", "RestartDevice"}})),
            "Command is not a dictionary");
  EXPECT_EQ(refused_command(with(restart, {{"Command", Dictionary{}}})), "RequestType is missing");
  EXPECT_EQ(refused_command(with(restart, {{"Command", Dictionary{{"RequestType", ""}}}})),
            "RequestType is missing");
  EXPECT_EQ(refused_command(with(restart, {{"Command", Dictionary{{"RequestType", 7}}}})),
            "RequestType is not a string");
}

TEST(CommandTest, WhatIsNoDictionaryIsRefused) {
  for (const std::string& body :
       {std::string(), std::string("RestartDevice"), plist::write_xml(plist::Array{restart}),
        std::string("{\"Command\":{\"RequestType\":\"RestartDevice\"}}")}) {
    EXPECT_FALSE(parse_command(body)) << body;
  }
}

TEST(CommandTest, UuidsAreComparedByteForByte) {
  EXPECT_EQ(CommandUuid{"abc"}, CommandUuid{"abc"});
  EXPECT_NE(CommandUuid{"abc"}, CommandUuid{"ABC"});
  EXPECT_LT(CommandUuid{"ABC"}, CommandUuid{"abc"});
}

}  // namespace
}  // namespace reveille::mdm

// Bodies that APNs, or servers in its place, have sent: a row for every file of the folder.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "protocol/apns/response.h"

namespace reveille::apns {
namespace {

const std::filesystem::path folder = std::filesystem::path(REVEILLE_CORPUS) / "apns";

std::string contents_of(const std::string& name) {
  std::ifstream stream(folder / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Expected {
  int status;
  Reason reason;
  std::optional<std::chrono::milliseconds> unregistered_at;
  Verdict verdict;
};

const std::map<std::string, Expected> single_bodies = {
    {"400-bad-priority.json", {400, Reason::bad_priority, {}, Verdict::our_defect}},
    {"400-payload-empty.json", {400, Reason::payload_empty, {}, Verdict::our_defect}},
    {"410-baddevicetoken-seconds.json", {410, Reason::bad_device_token, {}, Verdict::token_dead}},
    {"410-unregistered-timestamp-string.json",
     {410, Reason::unregistered, {}, Verdict::token_dead}},
    {"410-unregistered.json",
     {410, Reason::unregistered, std::chrono::milliseconds(1'458'114'061'260),
      Verdict::token_dead}},
};
const std::string one_body_a_line = "all-reasons.jsonl";

class ApnsCorpusTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(folder)) {
      GTEST_SKIP() << "it reads messages of real devices, which are not part of this repository";
    }
  }
};

TEST_F(ApnsCorpusTest, EveryFileHasARow) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(single_bodies.contains(name) || name == one_body_a_line) << name;
  }
}

TEST_F(ApnsCorpusTest, EverySingleBodyIsReadAsItsRowSays) {
  for (const auto& [name, expected] : single_bodies) {
    const std::string body = contents_of(name);
    ASSERT_FALSE(body.empty()) << name;

    const Response response = parse_response(expected.status, "", body);

    EXPECT_EQ(response.reason, expected.reason) << name;
    EXPECT_EQ(judge(response), expected.verdict) << name;
    ASSERT_EQ(response.unregistered_at.has_value(), expected.unregistered_at.has_value()) << name;
    if (expected.unregistered_at) {
      EXPECT_EQ(response.unregistered_at->time_since_epoch(), *expected.unregistered_at) << name;
    }
  }
}

TEST_F(ApnsCorpusTest, EveryLineOfTheListOfReasonsIsAReasonThatWeKnow) {
  std::ifstream lines(folder / one_body_a_line);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const Response response = parse_response(400, "", line);

    EXPECT_NE(response.reason, Reason::unknown) << line;
    EXPECT_NE(response.reason, Reason::none) << line;
    EXPECT_EQ(response.reason_text, name_of(response.reason)) << line;
  }
  EXPECT_EQ(count, 28);
}

}  // namespace
}  // namespace reveille::apns

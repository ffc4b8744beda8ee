#include "dispatcher/runtime/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace reveille {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// What `work` writes to a log, line by line.
template <typename Work>
std::vector<std::string> lines_of(const LogOptions& options, Work work) {
  testing::internal::CaptureStderr();
  {
    Log log(options);
    work(log);
  }
  std::istringstream written(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(written, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const boost::json::object& line, const char* name) {
  return std::string(line.at(name).as_string());
}

boost::json::object parsed(const std::string& line) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  EXPECT_FALSE(error) << line;
  return error ? boost::json::object{} : value.as_object();
}

TEST(LogTest, OneJsonObjectALineWithTimeLevelEventAndFields) {
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::json}, [](Log& log) {
    log.warning("push certificate expires",
                {{"topic", "com.apple.mgmt"}, {"days", 7}, {"share", 0.5}, {"urgent", true}});
  });
  ASSERT_EQ(lines.size(), 1u);
  const boost::json::object line = parsed(lines[0]);
  EXPECT_EQ(text_of(line, "level"), "warning");
  EXPECT_EQ(text_of(line, "event"), "push certificate expires");
  EXPECT_EQ(text_of(line, "topic"), "com.apple.mgmt");
  EXPECT_EQ(line.at("days").as_int64(), 7);
  EXPECT_EQ(line.at("share").as_double(), 0.5);
  EXPECT_TRUE(line.at("urgent").as_bool());
  EXPECT_THAT(text_of(line, "time"),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
}

TEST(LogTest, WhatADeviceSaysCannotForgeALineOrAField) {
  const std::string hostile = "a\"b\\c\nd\r\te\x01\x7f\x1b[31m\",\"level\":\"error";
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::json},
                              [&](Log& log) { log.info("device", {{"name", hostile}}); });
  ASSERT_EQ(lines.size(), 1u);
  const boost::json::object line = parsed(lines[0]);
  EXPECT_EQ(text_of(line, "name"), hostile) << "and nothing of it is lost";
  EXPECT_EQ(text_of(line, "level"), "info");
}

TEST(LogTest, BytesThatAreNoTextLeaveTheLineReadable) {
  const std::string bytes = "ok \xc3\xa9 bad \xff\xc3( \xed\xa0\x80 \xf4\x90\x80\x80 end";
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::json},
                              [&](Log& log) { log.info("device", {{"name", bytes}}); });
  ASSERT_EQ(lines.size(), 1u);
  const std::string name = text_of(parsed(lines[0]), "name");
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(name, "ok \xc3\xa9 bad " + mark + mark + "( " + mark + mark + mark + " " + mark + mark +
                      mark + mark + " end");
}

TEST(LogTest, ATextLineEscapesAsWellAndIsNotColouredInAFile) {
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::text}, [](Log& log) {
    log.error("device refused", {{"name",
                                  "a\x1b[2J\n\xc2\x9b"
                                  "b"},
                                 {"status", 403}});
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0],
              HasSubstr("error   device refused name=\"a\\u001b[2J\\u000a\\u009bb\" status=403"));
  EXPECT_THAT(lines[0], Not(HasSubstr("\x1b")));
}

TEST(LogTest, WhatIsBelowItsLevelIsNotWritten) {
  const auto lines =
      lines_of({.level = LogLevel::warning, .format = LogFormat::json}, [](Log& log) {
        log.debug("a");
        log.info("b");
        log.warning("c");
        log.error("d");
      });
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(text_of(parsed(lines[0]), "event"), "c");
  EXPECT_EQ(text_of(parsed(lines[1]), "event"), "d");
}

TEST(LogTest, LinesOfManyThreadsStayWhole) {
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::json}, [](Log& log) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log, thread] {
        for (int i = 0; i < 500; ++i) log.info("line", {{"thread", thread}, {"number", i}});
      });
    }
  });
  ASSERT_EQ(lines.size(), 2'000u);
  std::vector<int> next(4, 0);
  for (const std::string& text : lines) {
    const boost::json::object line = parsed(text);
    const auto thread = static_cast<std::size_t>(line.at("thread").as_int64());
    EXPECT_EQ(line.at("number").as_int64(), next[thread]++);
  }
}

TEST(LogTest, WhatDoesNotFitIsDroppedAndCounted) {
  constexpr std::size_t written = 300'000;
  const auto lines = lines_of({.level = LogLevel::info, .format = LogFormat::json}, [](Log& log) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log] {
        for (std::size_t i = 0; i < written / 4; ++i) log.info("line");
      });
    }
  });
  ASSERT_FALSE(lines.empty());
  if (lines.size() == written) GTEST_SKIP() << "the writer kept up";
  const boost::json::object last = parsed(lines.back());
  ASSERT_EQ(text_of(last, "event"), "log lines dropped");
  EXPECT_EQ(lines.size() - 1 + static_cast<std::size_t>(last.at("lines").as_int64()), written);
}

}  // namespace
}  // namespace reveille

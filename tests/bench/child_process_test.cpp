#include "bench/load/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "bench/load/cpu_clock.h"

namespace reveille::bench {
namespace {

std::filesystem::path log_file() {
  return std::filesystem::path(::testing::TempDir()) /
         ("child_process_test." + std::to_string(::getpid()) + ".log");
}

Result<std::unique_ptr<ChildProcess>> start_shell(const std::string& script) {
  std::filesystem::remove(log_file());
  return ChildProcess::start("/bin/sh", {"-c", script}, log_file());
}

TEST(ChildProcess, TellsItsExitStatusAndItsLastWords) {
  auto child = start_shell("echo so long; exit 3");
  ASSERT_TRUE(child.has_value());

  const Result<ChildProcess::Ended> ended = (*child)->wait(std::chrono::seconds(20));

  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_status, 3);
  EXPECT_EQ((*child)->last_words(), "so long\n");
}

TEST(ChildProcess, ThatEndsBeforeItIsReadyIsNotWaitedFor) {
  auto child = start_shell("echo no such port; exit 1");
  ASSERT_TRUE(child.has_value());

  const Result<void> ready =
      (*child)->wait_until([] { return false; }, std::chrono::seconds(60), "it listened");

  ASSERT_FALSE(ready.has_value());
  EXPECT_NE(ready.error().detail.find("no such port"), std::string::npos);
}

TEST(ChildProcess, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    auto child = start_shell("exec tail -f /dev/null");
    ASSERT_TRUE(child.has_value());
    pid = (*child)->pid();
    EXPECT_TRUE((*child)->is_alive());
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, ThatDoesNotListenIsKilled) {
  auto child = start_shell("trap '' TERM; echo deaf; while :; do read line < /dev/zero; done");
  ASSERT_TRUE(child.has_value());
  ASSERT_TRUE((*child)
                  ->wait_until([&] { return (*child)->last_words() == "deaf\n"; },
                               std::chrono::seconds(20), "it trapped")
                  .has_value());

  EXPECT_EQ((*child)->stop(std::chrono::seconds(0)).exit_status, 128 + SIGKILL);
}

TEST(ChildProcess, IsNotStartedWhenItIsNotInstalled) {
  EXPECT_FALSE(ChildProcess::start("no-such-program-anywhere", {}, log_file()).has_value());
  EXPECT_FALSE(is_installed("no-such-program-anywhere"));
  EXPECT_TRUE(is_installed("sh"));
}

TEST(CpuClock, CountsWhatAChildSpends) {
  auto child = start_shell("while :; do :; done");
  ASSERT_TRUE(child.has_value());
  const CpuSpan span((*child)->pid());

  const Result<void> spent = (*child)->wait_until([&span] { return span.seconds() > 0.02; },
                                                  std::chrono::seconds(60), "it had worked");

  EXPECT_TRUE(spent.has_value());
  const auto usage = usage_of((*child)->pid());
  ASSERT_TRUE(usage.has_value());
  EXPECT_GT(usage->resident_kib, 0u);
}

TEST(CpuClock, OfAProcessThatIsGoneIsNothing) {
  auto child = start_shell("exit 0");
  ASSERT_TRUE(child.has_value());
  const pid_t pid = (*child)->pid();
  ASSERT_TRUE((*child)->wait(std::chrono::seconds(20)).has_value());

  EXPECT_EQ(cpu_seconds_of(pid), 0);
  EXPECT_FALSE(usage_of(pid).has_value());
}

}  // namespace
}  // namespace reveille::bench

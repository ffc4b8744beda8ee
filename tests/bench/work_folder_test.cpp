#include "bench/load/work_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "bench/load/child_process.h"

namespace reveille::bench {
namespace {

TEST(WorkFolder, IsGoneWithEverythingInIt) {
  std::filesystem::path path;
  {
    const WorkFolder folder;
    path = folder.path();
    std::ofstream(path / "file") << "x";
    EXPECT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Says where its folder was, so that the test can look.
[[noreturn]] void be_interrupted(const std::filesystem::path& note) {
  const WorkFolder folder;
  const auto child =
      ChildProcess::start("/bin/sh", {"-c", "exec tail -f /dev/null"}, folder.path() / "log");
  std::ofstream(note) << folder.path().string() << " " << (*child)->pid();
  ::kill(::getpid(), SIGTERM);
  for (;;) ::pause();
}

TEST(WorkFolder, IsGoneWhenASignalEndsTheProgramAndSoAreItsChildren) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::filesystem::path note =
      std::filesystem::path(::testing::TempDir()) / "work_folder_test.note";

  EXPECT_EXIT(be_interrupted(note), ::testing::ExitedWithCode(128 + SIGTERM), "");

  std::string path;
  pid_t child = 0;
  std::ifstream(note) >> path >> child;
  ASSERT_FALSE(path.empty());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(::kill(child, 0), -1);
  std::filesystem::remove(note);
}

}  // namespace
}  // namespace reveille::bench

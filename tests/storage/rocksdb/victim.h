#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace reveille::storage::testing {

// kill_test_writer.cpp at work, and what it says: a byte after each commit.
class Victim {
 public:
  explicit Victim(std::vector<std::string> arguments) {
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    arguments.insert(arguments.begin(), REVEILLE_STORAGE_WRITER);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&process_, pointers[0], &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    reports_ = pipe_ends[0];
  }

  // Waits until it has reported `reports` commits, or ended; answers how many it did report.
  int wait_for(int reports) {
    int reported = 0;
    char report = 0;
    while (reported < reports && read(reports_, &report, 1) == 1) ++reported;
    return reported;
  }
  void kill_it() { kill(process_, SIGKILL); }
  int exit_status() {
    int status = 0;
    waitpid(process_, &status, 0);
    close(reports_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t process_ = 0;
  int reports_ = -1;
};

}  // namespace reveille::storage::testing

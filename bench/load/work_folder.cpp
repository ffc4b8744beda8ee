#include "bench/load/work_folder.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

// They would go on writing into the folder while it is being removed.
void kill_children() {
  std::ifstream list("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t child = 0; list >> child;) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
}

void wait_for_signal(const std::stop_token& stopped, const sigset_t& signals,
                     const std::filesystem::path& path) {
  const timespec interval{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (!stopped.stop_requested()) {
    const int signal = ::sigtimedwait(&signals, nullptr, &interval);
    if (signal <= 0) continue;
    kill_children();
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
    ::_exit(128 + signal);
  }
}

}  // namespace

WorkFolder::WorkFolder() {
  const char* temporary = std::getenv("TMPDIR");
  std::string name =
      std::string(temporary == nullptr ? "/tmp" : temporary) + "/reveille-bench.XXXXXX";
  ensure(::mkdtemp(name.data()) != nullptr, "TMPDIR, or /tmp, can be written");
  path_ = name;
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  watch_ = std::jthread([signals, path = path_](const std::stop_token& stopped) {
    wait_for_signal(stopped, signals, path);
  });
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace reveille::bench

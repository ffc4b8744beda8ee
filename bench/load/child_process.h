#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace reveille::bench {

// A program that runs beside us, its output in a file; it ends with its owner, and the kernel ends
// it when we are killed.
class ChildProcess {
 public:
  // `program`: a path, or a name to look up in PATH. Threads: from the main thread only, since the
  // child dies with the thread that made it.
  // Errors: unavailable.
  static Result<std::unique_ptr<ChildProcess>> start(const std::string& program,
                                                     const std::vector<std::string>& arguments,
                                                     const std::filesystem::path& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool is_alive();

  // Until `condition` holds. Errors: unavailable when the child ends first, with what it wrote
  // last, or when time is up.
  Result<void> wait_until(const std::function<bool()>& condition, std::chrono::seconds patience,
                          const std::string& what);

  struct Ended {
    int exit_status = 0;  // 128 + signal when one killed it
    double user_seconds = 0;
    double system_seconds = 0;
    std::uint64_t resident_kib_max = 0;
  };
  // SIGTERM, and SIGKILL when it does not listen.
  Ended stop(std::chrono::seconds patience = std::chrono::seconds(20));
  // Lets it end by itself. Errors: unavailable when it does not in time; it is killed then.
  Result<Ended> wait(std::chrono::seconds patience);

  std::string last_words() const;  // the end of its output

 private:
  ChildProcess(pid_t pid, std::filesystem::path log) : pid_(pid), log_(std::move(log)) {}
  bool reap(int options);

  pid_t pid_;
  std::filesystem::path log_;
  bool ended_ = false;
  Ended end_;
};

// A program of ours, beside this one.
std::string own_program(const std::string& name);
// Whether PATH holds it.
bool is_installed(const std::string& name);

}  // namespace reveille::bench

#include "bench/load/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace reveille::bench {
namespace {

constexpr std::chrono::milliseconds poll_interval{5};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string in_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  // Servers live in sbin, which is not in everybody's PATH.
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// Between fork and exec: only what is safe in a signal handler.
[[noreturn]] void become(const char* program, char* const* arguments, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::string& program,
                                                          const std::vector<std::string>& arguments,
                                                          const std::filesystem::path& log) {
  const std::string path = in_path(program);
  if (path.empty() || ::access(path.c_str(), X_OK) != 0) {
    return failure(ErrorCode::unavailable, program + " is not installed");
  }
  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return failure(ErrorCode::unavailable, "cannot write " + log.string());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(path.c_str(), pointers.data(), output, parent);
  ::close(output);
  if (pid < 0) return failure(ErrorCode::unavailable, "cannot start " + path);
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, log));
}

ChildProcess::~ChildProcess() { stop(); }

bool ChildProcess::reap(int options) {
  if (ended_) return true;
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, options, &usage) != pid_) return false;
  ended_ = true;
  end_ = {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .user_seconds = seconds_of(usage.ru_utime),
          .system_seconds = seconds_of(usage.ru_stime),
          .resident_kib_max = static_cast<std::uint64_t>(usage.ru_maxrss)};
  return true;
}

bool ChildProcess::is_alive() { return !reap(WNOHANG); }

Result<void> ChildProcess::wait_until(const std::function<bool()>& condition,
                                      std::chrono::seconds patience, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (!is_alive()) {
      return failure(ErrorCode::unavailable, "ended with status " +
                                                 std::to_string(end_.exit_status) + " before " +
                                                 what + ":\n" + last_words());
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return failure(ErrorCode::unavailable, "waited " + std::to_string(patience.count()) +
                                                 " s for " + what + ":\n" + last_words());
    }
    std::this_thread::sleep_for(poll_interval);
  }
  return {};
}

ChildProcess::Ended ChildProcess::stop(std::chrono::seconds patience) {
  if (is_alive()) ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (is_alive() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(poll_interval);
  }
  if (is_alive()) {
    ::kill(pid_, SIGKILL);
    reap(0);
  }
  return end_;
}

Result<ChildProcess::Ended> ChildProcess::wait(std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (is_alive()) {
    if (std::chrono::steady_clock::now() > deadline) {
      stop(std::chrono::seconds(1));
      return failure(ErrorCode::unavailable,
                     "did not end in " + std::to_string(patience.count()) + " s:\n" + last_words());
    }
    std::this_thread::sleep_for(poll_interval);
  }
  return end_;
}

std::string ChildProcess::last_words() const {
  constexpr std::size_t shown_bytes_max = 2'000;
  std::ifstream file(log_, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.size() > shown_bytes_max ? text.substr(text.size() - shown_bytes_max) : text;
}

std::string own_program(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / name).string();
}

bool is_installed(const std::string& name) { return !in_path(name).empty(); }

}  // namespace reveille::bench

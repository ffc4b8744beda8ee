#include "bench/load/cpu_clock.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace reveille::bench {
namespace {

double seconds_on(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// "VmRSS:      1234 kB" of /proc/PID/status.
std::uint64_t kibibytes_after(const std::string& status, std::string_view label) {
  const std::size_t position = status.find(label);
  if (position == std::string::npos) return 0;
  return std::stoull(status.substr(position + label.size()));
}

std::string whole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  if (::clock_getcpuclockid(process, &clock) != 0) return 0;
  return seconds_on(clock);
}

double thread_cpu_seconds() { return seconds_on(CLOCK_THREAD_CPUTIME_ID); }

std::optional<ProcessUsage> usage_of(pid_t process) {
  const std::string stat = whole(fmt::format("/proc/{}/stat", process));
  const std::string status = whole(fmt::format("/proc/{}/status", process));
  // The name in parentheses may hold blanks: fields are counted from behind it. proc(5): utime and
  // stime are the 14th and 15th, the state behind the name is the 3rd.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || status.empty()) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user_ticks = 0, system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ProcessUsage{.user_seconds = static_cast<double>(user_ticks) / ticks_per_second,
                      .system_seconds = static_cast<double>(system_ticks) / ticks_per_second,
                      .resident_kib = kibibytes_after(status, "VmRSS:"),
                      .resident_kib_max = kibibytes_after(status, "VmHWM:")};
}

}  // namespace reveille::bench

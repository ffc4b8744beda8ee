#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>

// What a process has cost so far, its own threads alone.
namespace reveille::bench {

// CPU seconds, user and system together, by the kernel's nanosecond clock of that process; 0 when
// it is gone. Reads nothing of the process itself, so it may be asked as often as one likes.
double cpu_seconds_of(pid_t process);

// The same with its two parts, in the kernel's ticks of 10 ms.
struct ProcessUsage {
  double user_seconds = 0;
  double system_seconds = 0;
  std::uint64_t resident_kib = 0;
  std::uint64_t resident_kib_max = 0;  // the highest ever
};
std::optional<ProcessUsage> usage_of(pid_t process);

// Of the calling thread: for arithmetic that is measured in place.
double thread_cpu_seconds();

// The CPU seconds that a process spends between two moments.
class CpuSpan {
 public:
  explicit CpuSpan(pid_t process) : process_(process), start_(cpu_seconds_of(process)) {}
  double seconds() const { return cpu_seconds_of(process_) - start_; }

 private:
  pid_t process_;
  double start_;
};

}  // namespace reveille::bench

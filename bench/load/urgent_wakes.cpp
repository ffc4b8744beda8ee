#include "bench/load/urgent_wakes.h"

#include <fmt/format.h>

namespace reveille::bench {

using Clock = std::chrono::steady_clock;

UrgentWakes::UrgentWakes(const Daemon& daemon, std::span<const std::string> ids)
    : daemon_(daemon), ids_(ids), thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

UrgentWakes::Outcome UrgentWakes::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return outcome_;
}

void UrgentWakes::run(std::stop_token stop) {
  auto next = Clock::now();
  for (std::size_t turn = 0; !stop.stop_requested(); ++turn) {
    const auto start = Clock::now();
    const auto answer = daemon_.admin().request("PUT", "/v1/push/" + ids_[turn % ids_.size()], "");
    const auto latency = Clock::now() - start;
    if (answer && answer->status == 200) {
      outcome_.latencies.add(std::chrono::duration_cast<std::chrono::microseconds>(latency));
    } else if (outcome_.failures++ == 0) {
      outcome_.first_failure =
          answer ? fmt::format("HTTP {}: {}", answer->status, answer->text.substr(0, 200))
                 : answer.error().detail;
    }
    next = std::max(next + interval, Clock::now());  // no burst behind a slow answer
    std::this_thread::sleep_until(next);
  }
}

}  // namespace reveille::bench

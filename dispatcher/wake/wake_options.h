#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace reveille::wake {

struct WakeOptions {
  std::size_t in_flight_max = 8'192;      // wakes of one lane between due and outcome
  std::size_t requests_max =
      16'384;  // wakes of one urgency asked for by name that a lane lets wait
  std::size_t pushes_per_second_max = 0;  // of one lane; 0: no limit
  std::size_t topic_pushes_per_second_max = 0;  // of each topic of it
  // How long a silent device is left in peace after each push; the last one repeats. Jitter of a
  // tenth either way.
  std::vector<std::chrono::seconds> silence{
      std::chrono::seconds(30),    std::chrono::seconds(120),    std::chrono::seconds(480),
      std::chrono::seconds(1'800), std::chrono::seconds(14'400), std::chrono::seconds(86'400)};
  // From the first push on: a device that is silent longer is pushed no more, but for new work.
  // 0: there is no end.
  std::chrono::seconds long_silence = std::chrono::days(30);
  // Whoever's token APNs calls dead (410), and who is not heard of for so long since, ends as
  // unreachable. 0: nobody.
  std::chrono::seconds unreachable_after = std::chrono::days(180);
  std::chrono::seconds retry_first{2};  // after 5xx or no answer; doubles
  std::chrono::seconds retry_max{900};
  std::chrono::seconds token_busy_first{30};  // after 429; doubles, with jitter
  std::chrono::seconds topic_probe{300};      // a stopped topic tries one push this often
  std::chrono::seconds defect_rest{86'400};   // after a 4xx that is our own mistake
  // How long APNs keeps a push (apns-expiration; 0: not): until the last of its work expires, but
  // no longer than the maximum; where work never does, for the first of these.
  std::chrono::seconds expiration = std::chrono::days(7);
  std::chrono::seconds expiration_max = std::chrono::days(30);
};

}  // namespace reveille::wake

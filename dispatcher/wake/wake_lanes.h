#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/apns/client.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "storage/records.h"

// From "an enrolment has work" to "its device was pushed": due -> coalesce -> pace -> push -> outcome.
namespace reveille::wake {

struct WakeOptions {
  std::size_t in_flight_max = 8'192;      // wakes of one lane between due and outcome
  std::size_t pushes_per_second_max = 0;  // of one lane; 0: no limit
  // How long a silent device is left in peace after each push; the last one repeats. Jitter of a
  // tenth either way.
  std::vector<std::chrono::seconds> silence{
      std::chrono::seconds(30),    std::chrono::seconds(120),    std::chrono::seconds(480),
      std::chrono::seconds(1'800), std::chrono::seconds(14'400), std::chrono::seconds(86'400)};
  std::chrono::seconds retry_first{2};        // after 5xx or no answer; doubles
  std::chrono::seconds retry_max{900};
  std::chrono::seconds token_busy_first{30};  // after 429; doubles, with jitter
  std::chrono::seconds expiration{604'800};   // apns-expiration: how long APNs keeps a push
};

// What became of a wake that somebody asked for by name.
struct WakeResult {
  mdm::EnrolmentId enrolment;
  std::optional<apns::Response> response;  // nullopt: no answer, and `failure` says why
  std::string failure;
};
using WakeReply = std::move_only_function<void(WakeResult)>;

// One lane for each storage lane, with the same partitions: reads what is due from the store,
// pushes each enrolment once however many asked, and records what came of it. Holds no wake that
// the store does not know of, but for those in flight.
class WakeLanes {
 public:
  // Everything passed by reference outlives the lanes. `client` is set by connect().
  WakeLanes(StorageLanes& storage, const Clock& clock, RandomSource& random, Log& log,
            const WakeOptions& options);
  ~WakeLanes();

  // Before start(): where pushes go.
  void connect(apns::Client& client);
  void start();
  // Records the outcomes that have arrived, then stops; call after Client::stop(), before the
  // storage lanes stop. Waiting replies get failure "stopping".
  void stop();

  // For apns::Client: hand every outcome here. Any thread; never blocks.
  void on_outcome(apns::PushOutcome outcome);

  // Any thread: a commit may have made wakes of this partition due. Cheap; call it after the commit.
  void notify(storage::Partition partition);

  // Any thread: pushes this enrolment now, due or not, and answers once on a wake lane. When a push
  // to it is in flight already, shares its outcome. Errors: overloaded (`reply` is not called).
  Result<void> wake(storage::DueWake target, WakeReply reply);

  struct Statistics {
    std::uint64_t claimed = 0;      // read from the store as due
    std::uint64_t coalesced = 0;    // requests that shared a push
    std::uint64_t pushed = 0;       // handed to the client
    std::uint64_t accepted = 0;     // 200
    std::uint64_t rejected = 0;     // another status
    std::uint64_t unanswered = 0;   // no response
    std::uint64_t in_flight = 0;
    std::uint64_t parked = 0;
    std::uint64_t paced = 0;        // waits for the rate limit
    bool topic_stopped = false;     // APNs refuses the topic or its certificate: alarm
  };
  Statistics statistics() const;  // any thread

  // Any thread: a new push certificate arrived: a stopped topic goes on.
  void resume_topic();

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace reveille::wake

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dispatcher/apns/push.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/wake/push.h"
#include "dispatcher/wake/statistics.h"
#include "dispatcher/wake/wake_options.h"
#include "dispatcher/wake/wake_result.h"
#include "storage/records.h"

// From "an enrolment has work" to "its device was pushed": due -> coalesce -> pace -> push ->
// outcome. Each stage has a file of its own; pipeline.h puts them in a row, lane.h gives them a
// thread.
namespace reveille::wake {

// One lane for each storage lane, with the same partitions: reads what is due from the store,
// pushes each enrolment once however many asked, and records what came of it. Holds no wake that
// the store does not know of, but for those in flight.
class WakeLanes {
 public:
  // Everything passed by reference outlives the lanes.
  WakeLanes(StorageLanes& storage, const Clock& clock, RandomSource& random, Log& log,
            const WakeOptions& options);
  ~WakeLanes();

  // Before start(): where pushes go. Called on every lane's thread.
  void connect(SubmitPush submit);
  void start();
  // Records the outcomes that have arrived, then stops; call after Client::stop(), before the
  // storage lanes stop. Waiting replies get failure "stopping". Outcomes that come later are
  // dropped: what they belong to is due again at the next start.
  void stop();

  // For apns::Client: hand every outcome here, once. Any thread; never blocks.
  void on_outcome(apns::PushOutcome outcome);

  // Any thread: a commit may have made wakes of this partition due, or changed when they are.
  // Cheap; call it after the commit. `urgent` when all that may have become due is urgent: it is
  // found at once, however much is in flight.
  void notify(storage::Partition partition, storage::Priority priority = storage::Priority::bulk);

  // Any thread: pushes this enrolment now, due or not, and answers once on a wake lane; with an
  // urgent priority ahead of what is bulk. When a push to it is in flight already, shares its
  // outcome. Does what notify() does. Errors: overloaded (both are as they were: the caller waits a
  // moment and tries again, or leaves it to the store, where its wake is due).
  Result<void> wake(storage::DueWake& target, WakeReply& reply);

  using Statistics = wake::Statistics;
  Statistics statistics() const;  // any thread

  // Any thread: a new push certificate arrived: a stopped topic goes on. Wakes that were postponed
  // meanwhile come back within WakeOptions::topic_probe and a tenth.
  void resume_topic();

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace reveille::wake

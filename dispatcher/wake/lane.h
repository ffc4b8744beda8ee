#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include "dispatcher/runtime/bounded_queue.h"
#include "dispatcher/runtime/doorbell.h"
#include "dispatcher/wake/lane_jobs.h"
#include "dispatcher/wake/published.h"
#include "dispatcher/wake/wake_lanes.h"

namespace reveille::wake {

// A thread and the pipeline that it turns. What others bring waits in bounded queues; one ring
// wakes the thread for all of it.
class WakeLanes::Lane final : private PipelineEffects {
 public:
  // Everything passed by reference outlives the lane.
  Lane(std::uint8_t index, std::vector<storage::Partition> partitions, StorageLanes& storage,
       const Clock& clock, RandomSource& random, Log& log, const WakeOptions& options);
  ~Lane() { stop(); }

  void connect(SubmitPush submit) { submit_ = std::move(submit); }
  void start();
  void stop();

  // Any thread.
  void on_outcome(apns::PushOutcome outcome);
  void notify(storage::Partition partition, storage::Priority priority);
  Result<void> wake(storage::DueWake& target, WakeReply& reply);
  void resume_topic();
  Statistics statistics() const;

 private:
  struct Request {
    storage::DueWake target;
    WakeReply reply;
  };

  void run();
  void drain();
  void drain_answers();
  void drain_requests(const Moment& now);
  void wind_up();
  void refuse_requests();
  void publish(const Moment& now);

  bool push(apns::Push& push) override { return submit_(push); }
  void read(DueRead read) override;
  void record(RecordBatch batch) override;

  StorageLanes& storage_;
  const Clock& clock_;
  const storage::Partition any_partition_;  // of this lane: names its storage lane
  SubmitPush submit_;
  Doorbell doorbell_;
  StorageAnswers answers_{storage_jobs_max, doorbell_};
  // At most one outcome for each flight, so there is always a place.
  BoundedQueue<apns::PushOutcome> outcomes_;
  std::array<BoundedQueue<Request>, urgencies> requests_;
  std::atomic<std::uint32_t> notified_{0};         // a bit for each partition
  std::atomic<std::uint32_t> notified_urgent_{0};  // the same
  std::atomic<bool> topics_resumed_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> wakers_{0};  // threads inside wake()
  Published published_;
  Pipeline pipeline_;
  std::thread thread_;
};

}  // namespace reveille::wake

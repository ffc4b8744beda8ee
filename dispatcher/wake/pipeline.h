#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dispatcher/apns/push.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/wake/due.h"
#include "dispatcher/wake/in_flight.h"
#include "dispatcher/wake/log_limit.h"
#include "dispatcher/wake/moment.h"
#include "dispatcher/wake/outcome.h"
#include "dispatcher/wake/pace.h"
#include "dispatcher/wake/push.h"
#include "dispatcher/wake/record_batch.h"
#include "dispatcher/wake/schedule.h"
#include "dispatcher/wake/statistics.h"
#include "dispatcher/wake/troubles.h"
#include "dispatcher/wake/wake_options.h"

namespace reveille::wake {

// What a pipeline does to the world. Each read and record is answered once, in the order in which
// the store ran them.
class PipelineEffects {
 public:
  virtual ~PipelineEffects() = default;
  virtual bool push(apns::Push& push) = 0;     // false: full, and `push` is as it was
  virtual void read(DueRead read) = 0;         // answered by Pipeline::on_read()
  virtual void record(RecordBatch batch) = 0;  // answered by Pipeline::on_recorded()
};

// A gauge of one stage, so that its age can be told at any later moment.
struct StageGauge {
  std::uint64_t depth = 0;
  Clock::SteadyTime since = Clock::SteadyTime::max();  // of the oldest; max() when there is none
};

struct PipelineGauges {
  std::uint64_t in_flight = 0;
  bool topic_stopped = false;
  StageGauge due, coalescing, pacing, pushing, recording;
};

// The stages of one lane, one after the other: due -> coalesce -> pace -> push -> outcome. Events
// come in, advance() does what can be done, and says when it wants to be called again. No thread,
// no clock, no lock: a test turns the time and answers for the world.
class Pipeline {
 public:
  // `effects` and `log` outlive it. `lane` comes back in the tickets.
  Pipeline(std::uint8_t lane, std::vector<storage::Partition> partitions,
           const WakeOptions& options, std::uint64_t jitter_seed, Log& log,
           PipelineEffects& effects);

  // ---- events ----
  void notify(storage::Partition partition, storage::Priority priority = storage::Priority::bulk) {
    due_.notify(partition, priority);
  }
  void resume_topics();

  // Whether request() may be called with one of this priority: there is a place for it.
  bool can_take_request(storage::Priority priority) const;
  // Pushed ahead of what nobody asked for only if it is urgent.
  void request(storage::DueWake&& target, WakeReply reply, const Moment& now);

  void on_read(DueRead&& read, const Moment& now);
  void on_outcome(apns::PushOutcome&& outcome, const Moment& now);
  void on_recorded(RecordBatch&& batch, const Moment& now);

  // Reads, pushes and records what can be; answers when to be called again if no event comes.
  Clock::SteadyTime advance(const Moment& now);

  // ---- the end ----
  // From now on advance() only records, and tries each record once.
  void close() { closing_ = true; }
  // After close(): whether the effects owe no answer, and no outcome waits to be recorded.
  bool is_drained() const;
  // Whoever waits for an outcome gets this instead.
  void abandon(std::string_view failure);

  const Statistics& counters() const { return counters_; }  // without the gauges
  PipelineGauges gauges(const Moment& now) const;

 private:
  // due
  void start_read(const Moment& now);
  void start_look(const Moment& now);
  void take_part(DueRead::Part& part, bool is_look, const Moment& now);
  bool has_room_for_look() const {
    return !reading_ && !closing_ && room_for(Urgency::urgent) >= look_max_;
  }
  bool has_room_for_read() const {
    return !reading_ && !closing_ && room_for(Urgency::bulk) >= room_for_read_;
  }

  // coalesce
  FlightId admit(storage::DueWake&& wake, const Moment& now);
  // Each urgency may take most places, and leaves some to the other.
  std::size_t room_for(Urgency urgency) const;
  void make_urgent(FlightId flight);
  FlightId begin(storage::DueWake&& wake, Urgency urgency, std::vector<WakeReply> replies,
                 const Moment& now);
  void see_again(FlightId flight, storage::DueWake&& wake, const Moment& now);
  void replace(FlightId flight, storage::DueWake&& wake);
  Flight::Newer& newer_of(FlightId flight, storage::DueWake&& wake, const Moment& now);

  // pace, push
  void push_ready(const Moment& now);
  void push_one(const PacingQueue::Next& next, const Moment& now);
  void give_back(FlightId flight, storage::Time until, std::string_view failure, const Moment& now);
  void give_back_excess(FlightId flight, const Moment& now);

  // outcome
  void tell(FlightId flight, apns::PushOutcome& outcome);
  void fail_replies(std::vector<WakeReply>& replies, const mdm::EnrolmentId& enrolment,
                    std::string_view failure);
  void tell_gate(FlightId flight, const apns::PushOutcome& outcome, Settlement& settlement,
                 const Moment& now);
  void blame_topic(Settlement& settlement, const TopicGate& gate, const Moment& now);
  void count(const apns::PushOutcome& outcome);
  void log_change(TopicGate::Change change, std::uint32_t topic, std::string_view reason);
  void log_defect(const apns::PushOutcome& outcome, const Moment& now);
  void drop_newer_of_same_token(Flight& flight);
  std::unique_ptr<Flight::Newer> take_newer(Flight& flight);
  void record(FlightId flight, const Settlement& settlement, std::string_view reason,
              const Moment& now);
  void start_record(const Moment& now);
  void note_unreachable(const storage::WakeRecord& written);
  void retry_record(RecordBatch&& batch, const Moment& now);
  void give_up_record(const RecordBatch& batch, const Moment& now);
  void note_damaged(const mdm::EnrolmentId& enrolment, std::string_view detail, const Moment& now);
  void log_store_failure(std::string_view what, const Error& error, const Moment& now);
  void finish(FlightId flight, const Moment& now);

  const std::uint8_t lane_;
  const WakeOptions options_;
  const std::size_t share_max_;  // of in_flight_max, for flights of one urgency
  const std::size_t read_max_;  // wakes of one read
  const std::size_t look_max_;  // of one look
  const std::size_t room_for_read_;
  Log& log_;
  PipelineEffects& effects_;
  Jitter jitter_;

  DueReader due_;
  FlightTable flights_;
  PacingQueue pacing_;
  TokenBucket bucket_;
  std::array<SubmitRest, urgencies> submit_rests_;
  Troubles troubles_;
  FlightList pushing_, recording_;
  std::list<Clock::SteadyTime> newer_since_;  // of each Flight::Newer, oldest first

  bool reading_ = false;
  bool looked_last_ = false;           // and found some: then a read is first, if one is wanted
  std::optional<DueRead> spare_read_;  // for its buffers

  bool recording_out_ = false;
  RecordBatch pending_;                   // outcomes to be recorded next
  std::vector<RecordBatch> unwritten_;    // failed to commit: the last one is tried again first
  RecordBatch spare_batch_;
  std::uint32_t record_failures_ = 0;  // in a row
  Clock::SteadyTime record_not_before_{};

  std::size_t replies_waiting_ = 0;
  std::size_t urgent_ = 0;  // flights
  bool closing_ = false;
  bool waits_for_pace_ = false;
  LogLimit defects_logged_, damage_logged_, store_failures_logged_;
  Statistics counters_;
};

}  // namespace reveille::wake

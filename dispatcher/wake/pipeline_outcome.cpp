#include <algorithm>
#include <utility>

#include "dispatcher/wake/pipeline.h"

// The way back from the push: outcome, record, and the end.
namespace reveille::wake {
namespace {

constexpr std::chrono::milliseconds record_retry_first{100};
constexpr std::chrono::milliseconds record_retry_max{10'000};

}  // namespace

void Pipeline::on_outcome(apns::PushOutcome&& outcome, const Moment& now) {
  const FlightId id = flights_.find(outcome.ticket);
  if (id == FlightTable::none || flights_[id].stage != FlightStage::pushing) return;
  Flight& flight = flights_[id];
  pushing_.remove(flights_, id);

  count(outcome);
  Settlement settlement =
      settle(flight.wake, outcome, troubles_.failures(flight.wake), options_, now.wall, jitter_);
  tell_gate(id, outcome, settlement, now);
  if (settlement.token_rests) {
    troubles_.add(flight.wake, *settlement.next_due_at, now.wall, settlement.whose_rest);
  } else if (settlement.topic != TopicNews::refused && settlement.topic != TopicNews::failed) {
    troubles_.forget(flight.wake.enrolment);
  }
  if (settlement.is_our_defect) log_defect(outcome, now);
  if (settlement.record != storage::WakeRecord::Outcome::pushed) drop_newer_of_same_token(flight);
  record(id, settlement, reason_of(outcome), now);
  tell(id, outcome);
}

void Pipeline::count(const apns::PushOutcome& outcome) {
  if (!outcome.response) {
    ++counters_.unanswered;
  } else if (apns::judge(*outcome.response) == apns::Verdict::accepted) {
    ++counters_.accepted;
  } else {
    ++counters_.rejected;
  }
}

void Pipeline::tell(FlightId id, apns::PushOutcome& outcome) {
  std::vector<WakeReply>& replies = flights_[id].replies;
  for (WakeReply& reply : replies) {
    --replies_waiting_;
    reply({.enrolment = flights_[id].wake.enrolment,
           .response = outcome.response,
           .failure = outcome.failure});
  }
  replies.clear();
}

void Pipeline::fail_replies(std::vector<WakeReply>& replies, const mdm::EnrolmentId& enrolment,
                            std::string_view failure) {
  for (WakeReply& reply : replies) {
    --replies_waiting_;
    reply({.enrolment = enrolment, .response = std::nullopt, .failure = std::string(failure)});
  }
  replies.clear();
}

// The wake of a topic that is stopped waits as long as the topic does, and its token is not blamed.
void Pipeline::tell_gate(FlightId id, const apns::PushOutcome& outcome, Settlement& settlement,
                         const Moment& now) {
  const Flight& flight = flights_[id];
  TopicGate& gate = pacing_.gate(flight.topic);
  auto change = TopicGate::Change::none;
  switch (settlement.topic) {
    case TopicNews::accepted:
      change = gate.accepted(flight.is_probe);
      break;
    case TopicNews::doubtful:
      change = gate.doubted(flight.is_probe, flight.certificate, now.steady);
      if (gate.stopped() || flight.certificate != gate.certificate())
        blame_topic(settlement, gate, now);
      break;
    case TopicNews::answered:
      change = gate.answered(flight.is_probe);
      break;
    case TopicNews::failed:
      change = gate.failed(flight.is_probe, now.steady);
      break;
    case TopicNews::refused:
      change = gate.refused(flight.certificate, now.steady);
      blame_topic(settlement, gate, now);
      break;
  }
  log_change(change, flight.topic, reason_of(outcome));
}

void Pipeline::blame_topic(Settlement& settlement, const TopicGate& gate, const Moment& now) {
  settlement.record = storage::WakeRecord::Outcome::postponed;
  settlement.topic = TopicNews::refused;
  settlement.token_rests = false;
  std::chrono::milliseconds wait = options_.retry_first;
  if (gate.stopped() && gate.until() > now.steady) {
    wait = std::chrono::ceil<std::chrono::milliseconds>(gate.until() - now.steady);
  }
  settlement.next_due_at = now.wall + jitter_.after(wait);
}

void Pipeline::log_change(TopicGate::Change change, std::uint32_t topic, std::string_view reason) {
  const std::string& name = pacing_.name(topic);
  switch (change) {
    case TopicGate::Change::none:
      return;
    case TopicGate::Change::stopped:
      log_.error("the topic is refused: its wakes stop",
                 {{"topic", name}, {"reason", reason}, {"wake_lane", lane_}});
      return;
    case TopicGate::Change::paused:
      log_.warning("APNs does not take pushes: wakes wait",
                   {{"topic", name}, {"reason", reason}, {"wake_lane", lane_}});
      return;
    case TopicGate::Change::opened:
      log_.info("wakes go on", {{"topic", name}, {"wake_lane", lane_}});
      return;
  }
}

// A mistake of ours meets every push alike: one line a minute says as much as thousands.
void Pipeline::log_defect(const apns::PushOutcome& outcome, const Moment& now) {
  if (!defects_logged_.allows(now.steady)) return;
  log_.error("APNs calls a push malformed",
             {{"status", outcome.response->status}, {"reason", outcome.response->reason_text}});
}

// What APNs says of the token holds for what became due meanwhile as well, which is recorded in the
// place of the earlier row.
void Pipeline::drop_newer_of_same_token(Flight& flight) {
  if (!flight.newer) return;
  storage::DueWake& newer = flight.newer->wake;
  const bool is_same_token = newer.generation == flight.wake.generation &&
                             newer.token_updated_at == flight.wake.token_updated_at;
  if (!is_same_token) return;
  flight.wake.due_at = newer.due_at;
  std::ranges::move(flight.newer->replies, std::back_inserter(flight.replies));
  take_newer(flight);
}

std::unique_ptr<Flight::Newer> Pipeline::take_newer(Flight& flight) {
  if (flight.newer) newer_since_.erase(flight.newer->since);
  return std::move(flight.newer);
}

// ---- record ----

// A flight that is in no list.
void Pipeline::record(FlightId id, const Settlement& settlement, std::string_view reason,
                      const Moment& now) {
  Flight& flight = flights_[id];
  flight.stage = FlightStage::recording;
  flight.since = now.steady;
  recording_.push_back(flights_, id);
  pending_.add(id, flight.wake, settlement.record, settlement.next_due_at, reason);
}

void Pipeline::start_record(const Moment& now) {
  if (recording_out_) return;
  if (!unwritten_.empty()) {
    if (closing_ || now.steady < record_not_before_) return;
    recording_out_ = true;
    RecordBatch batch = std::move(unwritten_.back());
    unwritten_.pop_back();
    effects_.record(std::move(batch));
    return;
  }
  if (pending_.empty()) return;
  recording_out_ = true;
  effects_.record(std::exchange(pending_, std::move(spare_batch_)));
}

void Pipeline::on_recorded(RecordBatch&& batch, const Moment& now) {
  recording_out_ = false;
  if (!batch.outcome) return retry_record(std::move(batch), now);
  record_failures_ = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const storage::WakeRecord& written = batch.records()[i];
    if (written.outcome == storage::WakeRecord::Outcome::parked &&
        !flights_[batch.flights()[i]].wake.is_parked) {
      ++counters_.parked;
    }
    if (written.outcome == storage::WakeRecord::Outcome::unreachable) note_unreachable(written);
    if (written.next_due_at) {
      due_.expect(storage::partition_of(written.enrolment), *written.next_due_at);
    }
    finish(batch.flights()[i], now);
  }
  batch.clear();
  spare_batch_ = std::move(batch);
}

void Pipeline::note_unreachable(const storage::WakeRecord& written) {
  ++counters_.unreachable;
  log_.info("an enrolment is given up: APNs calls its token dead, and it was not heard of",
            {{"enrolment", written.enrolment.text()}, {"wake_lane", lane_}});
}

// A damaged record fails the whole batch: halving it finds the one, so that the others get theirs.
void Pipeline::retry_record(RecordBatch&& batch, const Moment& now) {
  const bool is_damage = batch.outcome.error().code == ErrorCode::corrupt;
  if (is_damage && batch.size() == 1) return give_up_record(batch, now);
  if (is_damage) {
    RecordBatch later = batch.split();
    unwritten_.push_back(std::move(later));
  } else {
    log_store_failure("outcomes of pushes cannot be recorded", batch.outcome.error(), now);
    record_not_before_ =
        now.steady + back_off(record_retry_first, record_retry_max, record_failures_++);
  }
  unwritten_.push_back(std::move(batch));
}

// Its row stays due, and is read again: the token rests meanwhile, so that it is not pushed each
// time.
void Pipeline::give_up_record(const RecordBatch& batch, const Moment& now) {
  const FlightId id = batch.flights()[0];
  const Flight& flight = flights_[id];
  note_damaged(flight.wake.enrolment, batch.outcome.error().detail, now);
  troubles_.add(flight.wake, now.wall + options_.retry_max, now.wall);
  finish(id, now);
}

void Pipeline::note_damaged(const mdm::EnrolmentId& enrolment, std::string_view detail,
                            const Moment& now) {
  if (!damage_logged_.allows(now.steady)) return;
  log_.error("a damaged record: its enrolment cannot be woken",
             {{"enrolment", enrolment.text()}, {"detail", detail}, {"wake_lane", lane_}});
}

void Pipeline::log_store_failure(std::string_view what, const Error& error, const Moment& now) {
  if (!store_failures_logged_.allows(now.steady)) return;
  log_.warning(what,
               {{"code", name_of(error.code)}, {"detail", error.detail}, {"wake_lane", lane_}});
}

void Pipeline::finish(FlightId id, const Moment& now) {
  Flight& flight = flights_[id];
  recording_.remove(flights_, id);
  const std::unique_ptr<Flight::Newer> newer = take_newer(flight);
  if (flight.urgency == Urgency::urgent) --urgent_;
  flights_.close(id);
  if (!newer) return;
  const bool is_urgent = newer->wake.priority == storage::Priority::urgent;
  const Urgency urgency = is_urgent ? Urgency::urgent : Urgency::bulk;
  begin(std::move(newer->wake), urgency, std::move(newer->replies), now);
}

// ---- the end ----

bool Pipeline::is_drained() const {
  const bool nothing_to_record = pending_.empty() || !unwritten_.empty();
  return !reading_ && !recording_out_ && nothing_to_record;
}

void Pipeline::abandon(std::string_view failure) {
  for (FlightId id = 0; id < flights_.places(); ++id) {
    Flight& flight = flights_[id];
    fail_replies(flight.replies, flight.wake.enrolment, failure);
    if (flight.newer) fail_replies(flight.newer->replies, flight.newer->wake.enrolment, failure);
  }
}

PipelineGauges Pipeline::gauges(const Moment& now) const {
  const auto gauge_of = [&](const FlightList& list) {
    return StageGauge{
        .depth = list.size(),
        .since = list.empty() ? Clock::SteadyTime::max() : flights_[list.front()].since};
  };
  PipelineGauges gauges;
  gauges.in_flight = flights_.size();
  for (std::uint32_t topic = 0; topic < pacing_.topic_count(); ++topic) {
    gauges.topic_stopped = gauges.topic_stopped || pacing_.gate(topic).stopped();
  }
  if (const auto lag = due_.lag(now); lag.count() > 0) gauges.due.since = now.steady - lag;
  gauges.coalescing = {
      .depth = newer_since_.size(),
      .since = newer_since_.empty() ? Clock::SteadyTime::max() : newer_since_.front()};
  gauges.pacing = {.depth = pacing_.size(), .since = pacing_.oldest()};
  gauges.pushing = gauge_of(pushing_);
  gauges.recording = gauge_of(recording_);
  return gauges;
}

}  // namespace reveille::wake

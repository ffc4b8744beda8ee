#include "dispatcher/wake/pipeline.h"

#include <algorithm>
#include <utility>

// The way to the push: due, coalesce, pace, push. pipeline_outcome.cpp has the way back.
namespace reveille::wake {
namespace {

constexpr std::size_t read_max = 512;
// Most of what a look finds besides a few urgent ones is bulk, and read in vain.
constexpr std::size_t look_max = 64;
constexpr std::chrono::seconds probe_answer_time{30};

TopicGateOptions gate_options(const WakeOptions& options) {
  TopicGateOptions gates;
  gates.pause_first = options.retry_first;
  gates.pause_max = std::max(gates.pause_first, std::min(gates.pause_max, options.retry_max));
  gates.probe = options.topic_probe;
  return gates;
}

// What one urgency may take: one eighth stays for the other; a single place is shared.
std::size_t share_of_one(std::size_t places) {
  return places == 1 ? 1 : places - std::max<std::size_t>(1, places / 8);
}

std::size_t less(std::size_t most, std::size_t taken) { return most > taken ? most - taken : 0; }

Urgency urgency_of(const storage::DueWake& wake) {
  return wake.priority == storage::Priority::urgent ? Urgency::urgent : Urgency::bulk;
}

bool has_later_token(const storage::DueWake& one, const storage::DueWake& other) {
  return one.generation > other.generation ||
         (one.generation == other.generation && one.token_updated_at > other.token_updated_at);
}

}  // namespace

Pipeline::Pipeline(std::uint8_t lane, std::vector<storage::Partition> partitions,
                   const WakeOptions& options, std::uint64_t jitter_seed, Log& log,
                   PipelineEffects& effects)
    : lane_(lane),
      options_(options),
      share_max_(share_of_one(options.in_flight_max)),
      read_max_(std::clamp<std::size_t>(options.in_flight_max, 16, read_max)),
      look_max_(std::clamp<std::size_t>(options.in_flight_max / 16, 1, look_max)),
      // Not more than what urgent ones leave to bulk: it would never be read during a flood of
      // them.
      room_for_read_(std::clamp<std::size_t>(
          std::min(share_max_ / 4, options.in_flight_max - share_max_), 1, read_max_)),
      log_(log),
      effects_(effects),
      jitter_(jitter_seed),
      due_(std::move(partitions)),
      flights_(options.in_flight_max),
      pacing_(flights_, gate_options(options), options.topic_pushes_per_second_max),
      bucket_(options.pushes_per_second_max),
      troubles_(4 * options.in_flight_max) {}

Clock::SteadyTime Pipeline::advance(const Moment& now) {
  if (looked_last_) start_read(now);
  start_look(now);
  start_read(now);
  if (!closing_) push_ready(now);
  start_record(now);
  if (closing_) return Clock::SteadyTime::max();

  auto next = pacing_.next_at(now.steady);
  if (next != Clock::SteadyTime::max()) next = std::max(next, bucket_.ready_at());
  if (has_room_for_read()) next = std::min(next, due_.next_at(now));
  if (has_room_for_look()) next = std::min(next, due_.next_look_at());
  if (!unwritten_.empty() && !recording_out_) next = std::min(next, record_not_before_);
  return next;
}

// ---- due ----

void Pipeline::start_look(const Moment& now) {
  if (!has_room_for_look() || !due_.wants_look(now)) return;
  DueRead read = spare_read_ ? *std::exchange(spare_read_, std::nullopt) : DueRead{};
  due_.order_look(read, look_max_, now, urgent_);
  reading_ = true;
  effects_.read(std::move(read));
}

void Pipeline::start_read(const Moment& now) {
  if (!has_room_for_read() || !due_.wants_read(now)) return;
  DueRead read = spare_read_ ? *std::exchange(spare_read_, std::nullopt) : DueRead{};
  const bool looks_go_on = due_.next_look_at() != Clock::SteadyTime::max();
  if (looks_go_on || urgent_ > share_max_ / 2) due_.leave_urgent_to_looks();
  due_.order(read, read_max_, now, flights_.size());
  reading_ = true;
  effects_.read(std::move(read));
}

void Pipeline::on_read(DueRead&& read, const Moment& now) {
  reading_ = false;
  if (!read.outcome) {
    log_store_failure("due wakes cannot be read", read.outcome.error(), now);
    due_.failed(read, now);
  } else if (!closing_) {
    const std::size_t urgent_before = urgent_;
    for (DueRead::Part& part : read.parts) take_part(part, read.is_look, now);
    // One that met bulk alone was no turn of the urgent ones.
    looked_last_ = read.is_look && urgent_ > urgent_before;
  }
  spare_read_ = std::move(read);
}

void Pipeline::take_part(DueRead::Part& part, bool is_look, const Moment& now) {
  std::size_t taken = 0;
  std::optional<storage::WakeCursor> last;
  for (storage::DueWake& wake : part.wakes) {
    const storage::Time due_at = wake.due_at;
    const storage::Priority priority = wake.priority;
    const std::uint64_t place = wake.place;
    if (is_look && priority == storage::Priority::bulk) {
      taken = part.wakes.size();
      break;
    }
    if (wake.push_token.bytes.empty()) {
      note_damaged(wake.enrolment, "its records cannot be read", now);
      last = storage::cursor_at(wake);
      ++taken;
      continue;
    }
    const FlightId flight = admit(std::move(wake), now);
    if (flight == FlightTable::none) break;
    const bool is_last = ++taken == part.wakes.size() || room_for(Urgency::bulk) == 0;
    if (is_last) last = {priority, due_at, flights_[flight].wake.enrolment, place};
  }
  if (is_look) {
    due_.looked(part, taken, std::move(last), now);
  } else {
    due_.answered(part, taken, std::move(last));
  }
}

// ---- coalesce ----

std::size_t Pipeline::room_for(Urgency urgency) const {
  if (urgency == Urgency::urgent) return std::min(flights_.free(), less(share_max_, urgent_));
  const std::size_t bulk = flights_.size() - urgent_;
  const std::size_t own = less(options_.in_flight_max - share_max_, bulk);
  return std::min(flights_.free(), std::max(less(share_max_, flights_.size()), own));
}

// The flight that serves it; none when there is no place for it, so that it is read again.
FlightId Pipeline::admit(storage::DueWake&& wake, const Moment& now) {
  const FlightId flight = flights_.find(wake.enrolment);
  if (flight != FlightTable::none) {
    see_again(flight, std::move(wake), now);
    return flight;
  }
  const Urgency urgency = urgency_of(wake);
  if (room_for(urgency) == 0) return FlightTable::none;
  ++counters_.claimed;
  return begin(std::move(wake), urgency, {}, now);
}

FlightId Pipeline::begin(storage::DueWake&& wake, Urgency urgency, std::vector<WakeReply> replies,
                         const Moment& now) {
  const FlightId id = flights_.open(std::move(wake));
  Flight& flight = flights_[id];
  flight.since = now.steady;
  flight.urgency = urgency;
  if (urgency == Urgency::urgent) ++urgent_;
  flight.replies = std::move(replies);
  if (flight.wake.is_parked && flight.replies.empty()) {
    record(id, settle_parked(flight.wake, options_, now.wall), {}, now);
    return id;
  }
  const auto rests_until = troubles_.rests_until(flight.wake, now.wall);
  // Only a person who waits for its answer is reason to try sooner, and none when APNs has asked.
  const bool is_busy = troubles_.is_busy(flight.wake);
  if (rests_until && (flight.replies.empty() || is_busy)) {
    give_back(id, *rests_until, is_busy ? "backing off: TooManyRequests" : "backing off", now);
    return id;
  }
  pacing_.add(id);
  give_back_excess(id, now);
  return id;
}

// A due row of an enrolment that has a flight: the same one again, or a later one.
void Pipeline::see_again(FlightId id, storage::DueWake&& wake, const Moment& now) {
  const Flight& flight = flights_[id];
  const bool is_the_same = wake.due_at == flight.wake.due_at &&
                           wake.generation == flight.wake.generation &&
                           wake.token_updated_at == flight.wake.token_updated_at;
  if (is_the_same) {
    // Its priority may have changed; a push that is on its way serves that too.
    const bool overtakes = urgency_of(wake) == Urgency::urgent;
    if (overtakes && flight.stage == FlightStage::pacing) make_urgent(id);
    return;
  }
  if (flight.stage == FlightStage::pacing) {
    ++counters_.coalesced;
    if (urgency_of(wake) == Urgency::urgent) make_urgent(id);
    replace(id, std::move(wake));
  } else {
    newer_of(id, std::move(wake), now);
  }
}

// One that waits to be pushed.
void Pipeline::make_urgent(FlightId id) {
  if (flights_[id].urgency == Urgency::urgent) return;
  ++urgent_;
  pacing_.make_urgent(id);
}

// Nothing was sent yet: the later row's push is this one.
void Pipeline::replace(FlightId id, storage::DueWake&& wake) {
  Flight& flight = flights_[id];
  if (flight.wake.topic == wake.topic) {
    flight.wake = std::move(wake);
    return;
  }
  pacing_.remove(id);
  flight.wake = std::move(wake);
  pacing_.add(id);
}

Flight::Newer& Pipeline::newer_of(FlightId id, storage::DueWake&& wake, const Moment& now) {
  Flight& flight = flights_[id];
  if (!flight.newer) {
    flight.newer = std::make_unique<Flight::Newer>();
    flight.newer->wake = std::move(wake);
    flight.newer->since = newer_since_.insert(newer_since_.end(), now.steady);
    return *flight.newer;
  }
  ++counters_.coalesced;
  storage::DueWake& newer = flight.newer->wake;
  const storage::Priority priority = std::min(newer.priority, wake.priority);
  if (!has_later_token(newer, wake)) newer = std::move(wake);
  newer.priority = priority;
  return *flight.newer;
}

bool Pipeline::can_take_request(storage::Priority priority) const {
  const bool is_urgent = priority == storage::Priority::urgent;
  const std::size_t replies_max =
      is_urgent ? options_.requests_max : share_of_one(options_.requests_max);
  return room_for(is_urgent ? Urgency::urgent : Urgency::bulk) > 0 &&
         replies_waiting_ < replies_max;
}

void Pipeline::request(storage::DueWake&& target, WakeReply reply, const Moment& now) {
  // The request's own commit may have made the wake due; if its row is not this one, it is read.
  due_.notify(storage::partition_of(target.enrolment));
  ++replies_waiting_;
  const Urgency urgency = urgency_of(target);
  const FlightId id = flights_.find(target.enrolment);
  if (id == FlightTable::none) {
    std::vector<WakeReply> replies;
    replies.push_back(std::move(reply));
    begin(std::move(target), urgency, std::move(replies), now);
    return;
  }
  Flight& flight = flights_[id];
  const bool brings_token = has_later_token(target, flight.wake);
  if (flight.stage == FlightStage::recording ||
      (flight.stage == FlightStage::pushing && brings_token)) {
    // That push had its outcome, or went to a token that is no more.
    newer_of(id, std::move(target), now).replies.push_back(std::move(reply));
    return;
  }
  ++counters_.coalesced;
  flight.replies.push_back(std::move(reply));
  if (flight.stage != FlightStage::pacing) return;
  if (urgency == Urgency::urgent) make_urgent(id);
  if (brings_token) replace(id, std::move(target));
}

// ---- pace, push ----

void Pipeline::resume_topics() {
  for (std::uint32_t topic = 0; topic < pacing_.topic_count(); ++topic) {
    log_change(pacing_.gate(topic).resume(), topic, {});
  }
}

void Pipeline::push_ready(const Moment& now) {
  for (;;) {
    const PacingQueue::Next next = pacing_.next(now.steady);
    if (next.flight == FlightTable::none) return;
    if (next.order == TopicGate::Order::postpone) {
      pacing_.remove(next.flight);
      const auto until =
          now.wall +
          jitter_.after(std::chrono::ceil<std::chrono::milliseconds>(next.until - now.steady));
      give_back(next.flight, until,
                "the topic is stopped: it is refused, or has no push certificate", now);
      continue;
    }
    if (!bucket_.ready(now.steady)) {
      if (!std::exchange(waits_for_pace_, true)) ++counters_.paced;
      return;
    }
    waits_for_pace_ = false;
    push_one(next, now);
  }
}

// When the client is full, the flight keeps its place, and its urgency rests.
void Pipeline::push_one(const PacingQueue::Next& next, const Moment& now) {
  Flight& flight = flights_[next.flight];
  SubmitRest& rest = submit_rests_[index_of(flight.urgency)];
  apns::Push push = make_push(flight.wake, flights_.ticket(next.flight, lane_), flight.urgency,
                              expiration_of(flight.wake, options_, now.wall));
  pacing_.remove(next.flight);
  flight.stage = FlightStage::pushing;
  if (!effects_.push(push)) {
    take_back(flight.wake, std::move(push));
    flight.stage = FlightStage::pacing;
    pacing_.put_back(next.flight);
    pacing_.rest(flight.urgency, rest.refused(now.steady));
    return;
  }
  rest.submitted();
  pacing_.went(next.flight, now.steady);
  bucket_.take(now.steady);
  ++counters_.pushed;
  flight.is_probe = next.order == TopicGate::Order::send_probe;
  TopicGate& gate = pacing_.gate(flight.topic);
  flight.certificate = gate.certificate();
  if (flight.is_probe) gate.probe_sent();
  flight.since = now.steady;
  pushing_.push_back(flights_, next.flight);
}

// A flight in no list, that is not pushed now: its row is due again then.
void Pipeline::give_back(FlightId id, storage::Time until, std::string_view failure,
                         const Moment& now) {
  Flight& flight = flights_[id];
  fail_replies(flight.replies, flight.wake.enrolment, failure);
  Settlement postponed;
  postponed.next_due_at = until;
  record(id, postponed, failure, now);
}

// A topic that waits for APNs leaves half of the places to the others.
void Pipeline::give_back_excess(FlightId id, const Moment& now) {
  const Flight& flight = flights_[id];
  if (flight.urgency == Urgency::urgent || pacing_.waiting_with(id) <= share_max_ / 2) return;
  const TopicGate::Answer answer = pacing_.gate(flight.topic).ask(now.steady);
  if (answer.order != TopicGate::Order::hold) return;
  const auto wait = answer.until == Clock::SteadyTime::max()
                        ? probe_answer_time
                        : std::chrono::ceil<std::chrono::seconds>(answer.until - now.steady);
  pacing_.remove(id);
  give_back(id, now.wall + jitter_.after(wait), "APNs does not answer", now);
}

}  // namespace reveille::wake

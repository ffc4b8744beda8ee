#include "dispatcher/wake/lane.h"

#include <bit>
#include <limits>

#include "protocol/base/ensure.h"

namespace reveille::wake {
namespace {

// How long the thread sleeps at most: a wall clock that was set forward is seen then.
constexpr std::chrono::seconds sleep_max{30};

Urgency urgency_of(storage::Priority priority) {
  return priority == storage::Priority::urgent ? Urgency::urgent : Urgency::bulk;
}

}  // namespace

WakeLanes::Lane::Lane(std::uint8_t index, std::vector<storage::Partition> partitions,
                      StorageLanes& storage, const Clock& clock, RandomSource& random, Log& log,
                      const WakeOptions& options)
    : storage_(storage),
      clock_(clock),
      any_partition_(partitions.front()),
      outcomes_(options.in_flight_max),
      requests_{BoundedQueue<Request>(options.requests_max),
                BoundedQueue<Request>(options.requests_max)},
      pipeline_(index, std::move(partitions), options,
                random.below(std::numeric_limits<std::uint64_t>::max()), log, *this) {}

void WakeLanes::Lane::start() {
  ensure(submit_ != nullptr, "connect() before start()");
  thread_ = std::thread([this] { run(); });
}

void WakeLanes::Lane::stop() {
  stopping_ = true;
  doorbell_.ring();
  if (thread_.joinable()) thread_.join();
  // Whoever was inside wake() when the thread looked for the last time.
  while (wakers_ > 0) std::this_thread::yield();
  refuse_requests();
}

// ---- any thread ----

void WakeLanes::Lane::on_outcome(apns::PushOutcome outcome) {
  const auto pushed = outcomes_.try_push(std::move(outcome));
  ensure(pushed != BoundedQueue<apns::PushOutcome>::Pushed::full, "one outcome for each push");
  doorbell_.ring();
}

void WakeLanes::Lane::notify(storage::Partition partition, storage::Priority priority) {
  const std::uint32_t bit = std::uint32_t{1} << partition.index;
  auto& notified = priority == storage::Priority::urgent ? notified_urgent_ : notified_;
  if ((notified.fetch_or(bit) & bit) == 0) doorbell_.ring();
}

Result<void> WakeLanes::Lane::wake(storage::DueWake& target, WakeReply& reply) {
  using Pushed = BoundedQueue<Request>::Pushed;
  ++wakers_;
  auto pushed = Pushed::full;
  if (!stopping_) {
    BoundedQueue<Request>& requests = requests_[index_of(urgency_of(target.priority))];
    Request request{.target = std::move(target), .reply = std::move(reply)};
    pushed = requests.try_push(std::move(request));
    if (pushed == Pushed::full) {
      target = std::move(request.target);
      reply = std::move(request.reply);
    }
  }
  --wakers_;
  if (pushed == Pushed::full) {
    return failure(ErrorCode::overloaded, "too many wakes were asked for at once");
  }
  doorbell_.ring();
  return {};
}

void WakeLanes::Lane::resume_topic() {
  topics_resumed_ = true;
  doorbell_.ring();
}

Statistics WakeLanes::Lane::statistics() const {
  Statistics statistics = published_.read(clock_.steady_now());
  for (const auto& requests : requests_) statistics.due.depth += requests.size();
  return statistics;
}

// ---- the lane's thread ----

void WakeLanes::Lane::run() {
  while (!stopping_) {
    doorbell_.answer();
    drain();
    const Moment now = Moment::now(clock_);
    const auto next = pipeline_.advance(now);
    publish(now);
    const auto time = next > now.steady + sleep_max ? sleep_max : next - now.steady;
    if (time.count() > 0) doorbell_.sleep(time);
  }
  wind_up();
}

void WakeLanes::Lane::drain() {
  if (topics_resumed_.exchange(false)) pipeline_.resume_topics();
  using storage::Priority;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    auto& notified = priority == Priority::urgent ? notified_urgent_ : notified_;
    for (std::uint32_t bits = notified.exchange(0); bits != 0; bits &= bits - 1) {
      pipeline_.notify({.index = static_cast<std::uint8_t>(std::countr_zero(bits))}, priority);
    }
  }
  drain_answers();
  const Moment now = Moment::now(clock_);
  apns::PushOutcome outcome;
  while (outcomes_.try_pop(outcome)) pipeline_.on_outcome(std::move(outcome), now);
  drain_requests(now);
}

void WakeLanes::Lane::drain_requests(const Moment& now) {
  using storage::Priority;
  Request request;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    BoundedQueue<Request>& requests = requests_[index_of(urgency_of(priority))];
    while (pipeline_.can_take_request(priority) && requests.try_pop(request)) {
      pipeline_.request(std::move(request.target), std::move(request.reply), now);
    }
  }
}

void WakeLanes::Lane::drain_answers() {
  const Moment now = Moment::now(clock_);
  StorageAnswer answer;
  while (answers_.take(answer)) {
    if (auto* read = std::get_if<DueRead>(&answer)) {
      pipeline_.on_read(std::move(*read), now);
    } else {
      pipeline_.on_recorded(std::get<RecordBatch>(std::move(answer)), now);
    }
  }
}

// Records what has arrived, waits for the store's answers, and tells everyone who waits.
void WakeLanes::Lane::wind_up() {
  pipeline_.close();
  for (;;) {
    doorbell_.answer();
    drain();
    pipeline_.advance(Moment::now(clock_));
    if (pipeline_.is_drained()) break;
    doorbell_.sleep(sleep_max);
  }
  pipeline_.abandon("stopping");
  publish(Moment::now(clock_));
}

void WakeLanes::Lane::refuse_requests() {
  Request request;
  while (requests_[0].try_pop(request) || requests_[1].try_pop(request)) {
    request.reply({.enrolment = std::move(request.target.enrolment),
                   .response = std::nullopt,
                   .failure = "stopping"});
  }
}

void WakeLanes::Lane::publish(const Moment& now) {
  published_.write(pipeline_.counters(), pipeline_.gauges(now));
}

void WakeLanes::Lane::read(DueRead read) {
  // When the lane is full the job dies in there, and its answer says so.
  static_cast<void>(storage_.submit(any_partition_,
                                    std::make_unique<ReadJob>(std::move(read), clock_, answers_)));
}

void WakeLanes::Lane::record(RecordBatch batch) {
  static_cast<void>(storage_.submit(
      any_partition_, std::make_unique<RecordJob>(std::move(batch), clock_, answers_)));
}

}  // namespace reveille::wake

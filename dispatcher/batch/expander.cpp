#include "dispatcher/batch/expander.h"

#include <string>
#include <utility>

namespace reveille::batch {
namespace {

constexpr std::size_t changes_max = 4'096;
// How long the thread sleeps at most: a wall clock that was set forward is seen then.
constexpr std::chrono::seconds sleep_max{30};
// Jobs of others in a lane between two chunks; so few are the wake lanes', which wake what the
// chunks queued.
constexpr std::int64_t jobs_ignored = 4;

std::array<std::size_t, storage::Partition::count> lanes_of_partitions(const StorageLanes& lanes) {
  std::array<std::size_t, storage::Partition::count> lane_of{};
  for (std::uint8_t index = 0; index < lane_of.size(); ++index) {
    lane_of[index] = lanes.lane_of({index});
  }
  return lane_of;
}

storage::Partition first_of(const Partitions& partitions) {
  storage::Partition partition;
  while (!partitions[partition.index]) ++partition.index;
  return partition;
}

}  // namespace

Expander::Expander(StorageLanes& storage, const Clock& clock, Log& log,
                   const ExpanderOptions& options, NotifyWakes notify_wakes)
    : storage_(storage),
      clock_(clock),
      log_(log),
      options_(options),
      notify_wakes_(std::move(notify_wakes)),
      changes_(changes_max),
      // One listing and one lookup beside the chunks.
      answers_(storage.lane_count() * options.chunks_in_flight_max + 2, doorbell_),
      expansion_(options, storage.lane_count(), lanes_of_partitions(storage)),
      others_jobs_(storage.lane_count()) {}

void Expander::start() {
  thread_ = std::thread([this] { run(); });
}

void Expander::stop() {
  stopping_ = true;
  doorbell_.ring();
  if (thread_.joinable()) thread_.join();
}

// ---- any thread ----

void Expander::changed(const storage::BatchId& batch) {
  storage::BatchId copy = batch;
  // With no place left, everything that is unfinished is read again.
  if (changes_.try_push(std::move(copy)) == BoundedQueue<storage::BatchId>::Pushed::full) {
    changes_lost_ = true;
  }
  doorbell_.ring();
}

Result<void> Expander::admit() const {
  if (published_.unfinished.load(std::memory_order_relaxed) + changes_.size() <
      options_.unfinished_max) {
    return {};
  }
  return failure(ErrorCode::overloaded,
                 "as many batches as may be are unfinished (unfinished_max): wait, or cancel some");
}

Statistics Expander::statistics() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  Statistics statistics;
  statistics.unfinished = published_.unfinished.load(relaxed);
  statistics.expanding = published_.expanding.load(relaxed);
  statistics.withdrawing = published_.withdrawing.load(relaxed);
  statistics.paused = published_.paused.load(relaxed);
  statistics.awaiting_expiry = published_.awaiting_expiry.load(relaxed);
  statistics.chunks_in_flight = published_.chunks_in_flight.load(relaxed);
  statistics.chunks = published_.chunks.load(relaxed);
  statistics.walked = published_.walked.load(relaxed);
  statistics.queued = published_.queued.load(relaxed);
  statistics.withdrawn = published_.withdrawn.load(relaxed);
  statistics.yields = published_.yields.load(relaxed);
  statistics.failures = published_.failures.load(relaxed);
  const storage::Time oldest = published_.oldest.load(relaxed);
  const storage::Time now = clock_.wall_now();
  if (oldest < now) statistics.oldest = now - oldest;
  return statistics;
}

// ---- the thread ----

void Expander::run() {
  for (;;) {
    doorbell_.answer();
    const Moment now = Moment::now(clock_);
    drain(now);
    if (!stopping_) submit_work(now);
    publish();
    if (stopping_ && jobs_out_ == 0) return;
    const auto next = std::min(expansion_.next_at(now), reading_.next_at());
    if (stopping_ || next > now.steady + sleep_max) {
      doorbell_.sleep(sleep_max);
    } else if (next > now.steady) {
      doorbell_.sleep(next - now.steady);
    }
  }
}

void Expander::drain(const Moment& now) {
  if (changes_lost_.exchange(false)) reading_.list_all();
  storage::BatchId changed;
  while (changes_.try_pop(changed)) reading_.want(changed);
  Answer answer;
  while (answers_.take(answer)) {
    --jobs_out_;
    std::visit([&](auto& order) { take(std::move(order), now); }, answer);
  }
  for (const storage::BatchId& stale : expansion_.take_stale()) reading_.want(stale);
}

void Expander::take(ChunkResult&& chunk, const Moment& now) {
  chunk.lane_is_shared = is_shared(chunk.chunk.lane);
  if (!chunk.outcome) {
    log_.warning("a chunk of a batch failed: it is tried again",
                 {{"batch", chunk.chunk.batch.text},
                  {"code", name_of(chunk.outcome.error().code)},
                  {"detail", chunk.outcome.error().detail}});
  } else {
    for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
      if (chunk.queued_in[index]) notify_wakes_({index}, chunk.chunk.priority);
    }
  }
  expansion_.answered(chunk, now);
}

void Expander::take(Listing&& listing, const Moment& now) {
  if (!listing.outcome) ++read_failures_;
  reading_.answered(std::move(listing), now);
}

void Expander::take(Lookup&& lookup, const Moment& now) {
  if (!lookup.outcome) {
    ++read_failures_;
  } else {
    for (std::size_t i = 0; i < lookup.wanted.size(); ++i) {
      const Wanted& wanted = lookup.wanted[i];
      const std::optional<storage::Batch>& batch = lookup.batches[i];
      if (!batch) {
        expansion_.forget(wanted.id);
        continue;
      }
      if (wanted.changed) expansion_.changed(*batch, now);
      if (wanted.unfinished.any()) expansion_.found(*batch, wanted.unfinished, now);
    }
  }
  reading_.answered(std::move(lookup), now);
}

void Expander::submit_work(const Moment& now) {
  if (auto listing = reading_.next_listing(now)) {
    const storage::Partition partition = listing->partition;
    submit(partition, *std::move(listing));
  }
  if (auto lookup = reading_.next_lookup(now)) {
    const storage::Partition partition = storage::partition_of(lookup->wanted.front().id);
    submit(partition, *std::move(lookup));
  }
  for (std::size_t lane = 0; lane < storage_.lane_count(); ++lane) {
    while (std::optional<Chunk> chunk = expansion_.next(lane, now)) {
      const storage::Partition partition = first_of(chunk->partitions);
      ChunkResult order;
      order.chunk = *std::move(chunk);
      submit(partition, std::move(order));
    }
  }
}

template <typename Order>
void Expander::submit(storage::Partition partition, Order order) {
  ++jobs_out_;
  ++jobs_submitted_;
  // When the lane is full the job dies in there, and its answer says so.
  static_cast<void>(
      storage_.submit(partition, std::make_unique<Job<Order>>(std::move(order), clock_, answers_)));
}

// Whether others had work for the lanes since this one's last chunk.
bool Expander::is_shared(std::size_t lane) {
  const auto others = static_cast<std::int64_t>(storage_.statistics().jobs - jobs_submitted_);
  const std::int64_t before = std::exchange(others_jobs_[lane], others);
  return others - before > jobs_ignored * static_cast<std::int64_t>(storage_.lane_count());
}

void Expander::publish() {
  constexpr auto relaxed = std::memory_order_relaxed;
  const Statistics now = expansion_.statistics();
  published_.unfinished.store(now.unfinished, relaxed);
  published_.expanding.store(now.expanding, relaxed);
  published_.withdrawing.store(now.withdrawing, relaxed);
  published_.paused.store(now.paused, relaxed);
  published_.awaiting_expiry.store(now.awaiting_expiry, relaxed);
  published_.chunks_in_flight.store(now.chunks_in_flight, relaxed);
  published_.chunks.store(now.chunks, relaxed);
  published_.walked.store(now.walked, relaxed);
  published_.queued.store(now.queued, relaxed);
  published_.withdrawn.store(now.withdrawn, relaxed);
  published_.yields.store(now.yields, relaxed);
  published_.failures.store(now.failures + read_failures_, relaxed);
  published_.oldest.store(expansion_.oldest_created_at().value_or(storage::Time::max()), relaxed);
}

}  // namespace reveille::batch

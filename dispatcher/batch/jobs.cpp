#include "dispatcher/batch/jobs.h"

namespace reveille::batch {
namespace {

void add(ChunkResult& chunk, storage::Partition partition, const storage::BatchStep& step) {
  chunk.walked += step.walked;
  chunk.queued += step.queued;
  chunk.withdrawn += step.ended;
  if (step.queued > 0) chunk.queued_in.set(partition.index);
  if (step.state != storage::BatchState::running) chunk.is_stale = true;
  const bool is_paused = step.phase == storage::BatchPhase::expanding;
  if (step.has_more() || is_paused) return;
  chunk.done.set(partition.index);
  if (step.phase == storage::BatchPhase::done) chunk.ended.set(partition.index);
}

}  // namespace

// One partition after the other, so that a small batch is done with one job.
Result<void> carry_out(ChunkResult& result, storage::Transaction& transaction, const Clock& clock) {
  ChunkResult fresh;
  fresh.chunk = std::move(result.chunk);
  result = std::move(fresh);
  const Clock::SteadyTime began = clock.steady_now();
  const storage::Time now = clock.wall_now();
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    if (!result.chunk.partitions[index]) continue;
    const storage::Partition partition{index};
    const std::size_t room = result.chunk.enrolments_max - result.walked;
    if (room == 0) break;
    auto step = transaction.advance_batch(partition, result.chunk.batch, room, now);
    if (!step) return std::unexpected(std::move(step.error()));
    add(result, partition, *step);
  }
  result.run_time = clock.steady_now() - began;
  return {};
}

Result<void> carry_out(Listing& listing, storage::Transaction& transaction, const Clock&) {
  auto ids = transaction.unfinished_batches(listing.partition, listing.after, Listing::ids_max);
  if (!ids) return std::unexpected(std::move(ids.error()));
  listing.ids = *std::move(ids);
  return {};
}

Result<void> carry_out(Lookup& lookup, storage::Transaction& transaction, const Clock&) {
  lookup.batches.clear();
  for (const Wanted& wanted : lookup.wanted) {
    auto batch = transaction.find_batch(wanted.id);
    if (!batch) return std::unexpected(std::move(batch.error()));
    lookup.batches.push_back(*std::move(batch));
  }
  return {};
}

}  // namespace reveille::batch

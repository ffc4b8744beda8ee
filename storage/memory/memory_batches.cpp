#include "protocol/base/ensure.h"
#include "storage/batch_step.h"
#include "storage/memory/memory_transaction.h"

// Batches: what a partition has walked is kept, what became of its deliveries is counted each time.
namespace reveille::storage::memory {
namespace {

std::unexpected<Error> no_batch(const BatchId& batch) {
  return failure(ErrorCode::not_found, "no batch " + batch.text);
}

void add_deliveries(BatchCounts& counts, const EnrolmentRecord& record, const BatchId& batch) {
  for (const QueueEntry& entry : record.entries) {
    if (entry.delivery.batch == batch) ++count_of(counts, entry.delivery.state);
  }
  for (const auto& [of_batch, ended] : record.earlier_batches) {
    if (of_batch.first == batch) count_of(counts, of_batch.second) += ended;
  }
}

bool has_live(const std::map<mdm::EnrolmentId, EnrolmentRecord>& enrolments, Partition partition,
              const BatchId& batch) {
  return std::ranges::any_of(enrolments, [&](const auto& each) {
    return partition_of(each.first) == partition &&
           std::ranges::any_of(each.second.entries, [&](const QueueEntry& entry) {
             return entry.delivery.batch == batch && is_live(entry);
           });
  });
}

}  // namespace

Result<void> MemoryTransaction::put_audience(const BatchId& batch, Partition partition,
                                             std::uint32_t chunk,
                                             std::span<const mdm::EnrolmentId> ids) {
  ensure(!ids.empty() && ids.size() <= audience_chunk_ids_max, "a chunk is neither empty nor big");
  for (const mdm::EnrolmentId& id : ids) {
    ensure(partition_of(id) == partition, "an audience is stored where its ids belong");
  }
  audiences_.edit({batch, partition.index, chunk}).assign(ids.begin(), ids.end());
  return {};
}

Result<void> MemoryTransaction::put_batch(const Batch& batch, Time now) {
  if (const BatchRecord* stored = batches_.find(batch.id)) {
    if (is_same_order(stored->batch, batch)) return {};
    return failure(ErrorCode::conflict, "batch " + batch.id.text + " is another order");
  }
  if (!commands_.find(batch.command)) {
    return failure(ErrorCode::not_found, "no command " + batch.command.text);
  }
  Batch& stored = batches_.edit(batch.id).batch;
  stored = batch;
  stored.created_at = stored.changed_at = now;
  return {};
}

Result<void> MemoryTransaction::set_batch_state(const BatchId& batch, BatchState state, Time now) {
  const BatchRecord* stored = batches_.find(batch);
  if (!stored) return no_batch(batch);
  if (stored->batch.state == state) return {};
  if (stored->batch.state == BatchState::cancelled) {
    return failure(ErrorCode::conflict, "batch " + batch.text + " is cancelled");
  }
  Batch& changed = batches_.edit(batch).batch;
  changed.state = state;
  changed.changed_at = now;
  return {};
}

BatchCounts MemoryTransaction::counts_in(Partition partition, const BatchRecord& record) const {
  const BatchShare& share = record.shares[partition.index];
  BatchCounts counts = share.skipped;
  for (const mdm::EnrolmentId& id : enrolments_.keys()) {
    if (partition_of(id) == partition) add_deliveries(counts, *enrolments_.find(id), record.batch.id);
  }
  counts.audience = counts.skipped() + counts.live + counts.ended();
  const bool is_done = share.phase == BatchPhase::expanded && counts.live == 0;
  const BatchPhase phase = is_done ? BatchPhase::done : share.phase;
  ++counts.partitions[static_cast<std::size_t>(phase) - 1];
  return counts;
}

BatchPhase MemoryTransaction::phase_in(Partition partition, const BatchRecord& record) const {
  const BatchPhase phase = record.shares[partition.index].phase;
  if (phase != BatchPhase::expanded || counts_in(partition, record).live > 0) return phase;
  return BatchPhase::done;
}

MemoryTransaction::Walked MemoryTransaction::walk_audience(const Batch& batch, Partition partition,
                                                           AudiencePlace& at,
                                                           std::size_t count_max) const {
  Walked walked;
  if (batch.audience != AudienceKind::ids) {
    const auto& all = enrolments_.committed();
    for (auto it = all.upper_bound(at.last); it != all.end() && walked.places < count_max; ++it) {
      if (partition_of(it->first) != partition) continue;
      at.last = it->first;
      ++walked.places;
      if (is_of(batch.audience, it->first)) walked.ids.push_back(it->first);
    }
  } else {
    while (walked.places < count_max) {
      const auto* chunk = audiences_.find({batch.id, partition.index, at.chunk});
      if (!chunk) break;
      walked.ids.push_back(chunk->at(at.index));
      ++walked.places;
      if (++at.index == chunk->size()) at = {.chunk = at.chunk + 1, .index = 0, .last = {}};
    }
  }
  walked.is_whole = walked.places < count_max;
  return walked;
}

void MemoryTransaction::expand(const Batch& batch, Partition partition, BatchShare& share,
                               BatchStep& step, std::size_t count_max, Time now) {
  const Walked walked = walk_audience(batch, partition, share.expanded_to, count_max);
  step.walked = walked.places;
  const mdm::Command command = *commands_.find(batch.command);
  for (const mdm::EnrolmentId& id : walked.ids) {
    const Enqueued answer = enqueue_one(id, command, now, batch.priority, &batch);
    if (answer == Enqueued::queued) {
      ++step.queued;
    } else if (batch.audience == AudienceKind::ids || answer != Enqueued::not_enrolled) {
      ++count_of(share.skipped, answer);
    }
  }
  if (walked.is_whole) share.phase = BatchPhase::expanded;
}

void MemoryTransaction::withdraw(const Batch& batch, Partition partition, BatchShare& share,
                                 BatchStep& step, std::size_t count_max, Time now) {
  share.phase = BatchPhase::withdrawing;
  const Walked walked = walk_audience(batch, partition, share.withdrawn_to, count_max);
  step.walked = walked.places;
  for (const mdm::EnrolmentId& id : walked.ids) {
    const EnrolmentRecord* found = enrolments_.find(id);
    const QueueEntry* entry = found ? find_entry(*found, batch.command) : nullptr;
    if (!entry || !is_live(*entry) || entry->delivery.batch != batch.id) continue;
    EnrolmentRecord& record = enrolments_.edit(id);
    end_delivery(*find_entry(record, batch.command), withdrawn_as(batch), now);
    if (live_count(record) == 0) forget_wake(record);
    ++step.ended;
  }
  if (walked.is_whole || share.withdrawn_to >= share.expanded_to) share.phase = BatchPhase::done;
}

Result<BatchStep> MemoryTransaction::advance_batch(Partition partition, const BatchId& batch,
                                                   std::size_t count_max, Time now) {
  const BatchRecord* found = batches_.find(batch);
  if (!found) return no_batch(batch);
  const BatchPhase phase = phase_in(partition, *found);
  BatchStep step{.state = found->batch.state, .phase = phase};
  const BatchWork work = work_of(found->batch, phase, now);
  if (work == BatchWork::nothing) return step;

  BatchRecord& record = batches_.edit(batch);
  BatchShare& share = record.shares[partition.index];
  if (work == BatchWork::expand) {
    expand(record.batch, partition, share, step, count_max, now);
  } else {
    withdraw(record.batch, partition, share, step, count_max, now);
  }
  step.phase = phase_in(partition, record);
  return step;
}

Result<std::optional<Batch>> MemoryTransaction::find_batch(const BatchId& batch) {
  const BatchRecord* record = batches_.find(batch);
  if (!record) return std::nullopt;
  return record->batch;
}

Result<std::vector<Batch>> MemoryTransaction::list_batches(const BatchId& after,
                                                           std::size_t count_max) {
  std::vector<Batch> listed;
  const auto& all = batches_.committed();
  for (auto it = all.upper_bound(after); it != all.end() && listed.size() < count_max; ++it) {
    listed.push_back(it->second.batch);
  }
  return listed;
}

Result<BatchCounts> MemoryTransaction::batch_counts(const BatchId& batch) {
  const BatchRecord* record = batches_.find(batch);
  if (!record) return no_batch(batch);
  BatchCounts counts;
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    add(counts, counts_in({.index = index}, *record));
  }
  set_audience(counts, record->batch);
  return counts;
}

Result<std::vector<BatchId>> MemoryTransaction::unfinished_batches(Partition partition,
                                                                   const BatchId& after,
                                                                   std::size_t count_max) {
  std::vector<BatchId> unfinished;
  const auto& all = batches_.committed();
  for (auto it = all.upper_bound(after); it != all.end() && unfinished.size() < count_max; ++it) {
    const BatchPhase phase = it->second.shares[partition.index].phase;
    const bool is_done = phase == BatchPhase::done ||
                         (phase == BatchPhase::expanded &&
                          !has_live(enrolments_.committed(), partition, it->first));
    if (!is_done) unfinished.push_back(it->first);
  }
  return unfinished;
}

}  // namespace reveille::storage::memory

#include "protocol/base/ensure.h"
#include "storage/rocksdb/transaction.h"

// Batches. Everything a partition does for one is in that partition's rows, so lanes work on the
// same batch side by side; they meet in its record alone, which they read.
namespace reveille::storage::rocks {
namespace {

constexpr std::size_t batch_id_bytes_max = 256;

std::string no_batch(const BatchId& batch) { return "no batch " + batch.text; }

}  // namespace

Result<void> RocksdbTransaction::put_audience(const BatchId& batch, Partition partition,
                                              std::uint32_t chunk,
                                              std::span<const mdm::EnrolmentId> ids) {
  ensure(!ids.empty() && ids.size() <= audience_chunk_ids_max, "a chunk is neither empty nor big");
  for (const mdm::EnrolmentId& id : ids) {
    ensure(partition_of(id) == partition, "an audience is stored where its ids belong");
  }
  rows_.put(Table::audiences, audience_key(batch, partition, chunk), encode_audience(ids));
  return finish();
}

Result<void> RocksdbTransaction::put_batch(const Batch& batch, Time now) {
  ensure(!batch.id.text.empty() && batch.id.text.size() <= batch_id_bytes_max,
         "a batch's id is neither empty nor long");
  if (const auto stored = rows_.read(Table::batches, batch.id.text, decode_batch)) {
    if (is_same_order(*stored, batch)) return finish();
    return refuse(ErrorCode::conflict, "batch " + batch.id.text + " is another order");
  }
  if (!find_command_row(batch.command)) {
    return refuse(ErrorCode::not_found, "no command " + batch.command.text);
  }
  Batch row = batch;
  row.created_at = row.changed_at = now;
  rows_.put(Table::batches, batch.id.text, encode(row));
  // No other lane knows the batch yet, so these may be written from here.
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    rows_.put(Table::batch_progress, progress_key({.index = index}, batch.id),
              encode(BatchProgress{}));
  }
  must_sync();
  return finish();
}

Result<void> RocksdbTransaction::set_batch_state(const BatchId& batch, BatchState state, Time now) {
  auto stored = rows_.read(Table::batches, batch.text, decode_batch);
  if (!stored) return refuse(ErrorCode::not_found, no_batch(batch));
  if (stored->state == state) return finish();
  if (stored->state == BatchState::cancelled) {
    return refuse(ErrorCode::conflict, "batch " + batch.text + " is cancelled");
  }
  stored->state = state;
  stored->changed_at = now;
  rows_.put(Table::batches, batch.text, encode(*stored));
  must_sync();
  return finish();
}

// ---- progress ----

RocksdbTransaction::ProgressInUse* RocksdbTransaction::find_progress(Partition partition,
                                                                     const BatchId& batch) {
  const Bytes key = progress_key(partition, batch);
  if (const auto in_use = progress_.find(key); in_use != progress_.end()) return &in_use->second;
  auto row = rows_.read(Table::batch_progress, key, decode_batch_progress);
  if (!row) return nullptr;
  return &progress_.emplace(key, ProgressInUse{.row = *std::move(row)}).first->second;
}

void RocksdbTransaction::count_end(Partition partition, const BatchId& batch, DeliveryState state) {
  ProgressInUse* progress = find_progress(partition, batch);
  if (!progress || progress->row.counts.live == 0) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a batch has lost count of its deliveries"});
    return;
  }
  --progress->row.counts.live;
  ++count_of(progress->row.counts, state);
  progress->changed = true;
}

void RocksdbTransaction::write_progress() {
  for (auto& [key, progress] : progress_) {
    if (!progress.changed) continue;
    progress.row.phase = progress.row.phase_now();
    rows_.put(Table::batch_progress, key, encode(progress.row));
    if (progress.row.phase != BatchPhase::done) continue;
    // The key is the partition and the batch; nobody asks for this audience again.
    const Partition partition{.index = static_cast<std::uint8_t>(key[0])};
    rows_.erase_all(Table::audiences, audience_prefix({.text = key.substr(1)}, partition));
  }
}

// ---- steps ----

void RocksdbTransaction::walk_ids(const BatchId& batch, Partition partition, AudiencePlace& at,
                                  std::size_t count_max, Walked& walked) {
  while (walked.places < count_max) {
    const Bytes key = audience_key(batch, partition, at.chunk);
    const auto chunk = rows_.read(Table::audiences, key, decode_audience);
    if (!chunk) break;
    for (; at.index < chunk->size() && walked.places < count_max; ++at.index, ++walked.places) {
      walked.ids.push_back((*chunk)[at.index]);
    }
    if (at.index >= chunk->size()) at = {.chunk = at.chunk + 1, .index = 0, .last = {}};
  }
}

void RocksdbTransaction::walk_all(AudienceKind audience, Partition partition, AudiencePlace& at,
                                  std::size_t count_max, Walked& walked) {
  if (count_max == 0) return;
  const Bytes prefix(1, static_cast<char>(partition.index));
  const Bytes from = prefix + at.last.text() + (at.last.empty() ? "" : std::string(1, '\0'));
  rows_.scan_committed(Table::schedules, prefix, from, [&](BytesView key, BytesView value) {
    mdm::EnrolmentId id{std::string(key.substr(1))};
    at.last = id;
    ++walked.places;
    if (is_of(audience, id)) {
      // The row is here already: it need not be looked for again.
      if (!schedules_.contains(id)) {
        std::optional<Schedule> row = rows_.checked(decode_schedule(value));
        if (!row) return false;
        use(id, *std::move(row));
      }
      walked.ids.push_back(std::move(id));
    }
    return walked.places < count_max;
  });
}

RocksdbTransaction::Walked RocksdbTransaction::walk_audience(const Batch& batch,
                                                             Partition partition, AudiencePlace& at,
                                                             std::size_t count_max) {
  Walked walked;
  if (batch.audience == AudienceKind::ids) {
    walk_ids(batch.id, partition, at, count_max, walked);
  } else {
    walk_all(batch.audience, partition, at, count_max, walked);
  }
  walked.is_whole = walked.places < count_max;
  return walked;
}

void RocksdbTransaction::expand(const Batch& batch, Partition partition, BatchProgress& progress,
                                BatchStep& step, std::size_t count_max, Time now) {
  const CommandRow* stored = find_command_row(batch.command);
  if (!stored) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a batch has lost its command"});
    return;
  }
  const Walked walked = walk_audience(batch, partition, progress.expanded_to, count_max);
  step.walked = walked.places;
  Delivery delivery;
  delivery.command = batch.command;
  delivery.request_type = stored->request_type;
  delivery.queued_at = now;
  delivery.batch = batch.id;
  delivery.expires_at = batch.expires_at;
  const Order order{.command = batch.command,
                    .delivery = NewDelivery(delivery),
                    .priority = batch.priority,
                    .is_of_batch = true};
  for (const Enqueued answer : enqueue_all(walked.ids, order, now)) {
    if (answer == Enqueued::queued) ++step.queued;
    const bool counts = batch.audience == AudienceKind::ids || answer != Enqueued::not_enrolled;
    if (counts) ++count_of(progress.counts, answer);
  }
  if (walked.is_whole) progress.phase = BatchPhase::expanded;
}

bool RocksdbTransaction::withdraw_one(const mdm::EnrolmentId& id, const Batch& batch, Time now) {
  ScheduleInUse* schedule = find_schedule(id);
  if (!schedule || schedule->row.live_of_batches == 0) return false;
  const Bytes life = life_prefix(id, schedule->row.generation);
  auto row = LiveQueue(rows_, schedule->row, life).find(batch.command);
  if (!row || is_end_state(row->delivery.state) || row->delivery.batch != batch.id) return false;
  end_delivery(id, life, *schedule, *row, withdrawn_as(batch), now);
  if (schedule->row.live == 0) set_due(*schedule, std::nullopt);
  return true;
}

void RocksdbTransaction::withdraw(const Batch& batch, Partition partition, BatchProgress& progress,
                                  BatchStep& step, std::size_t count_max, Time now) {
  progress.phase = BatchPhase::withdrawing;
  const Walked walked = walk_audience(batch, partition, progress.withdrawn_to, count_max);
  step.walked = walked.places;
  read_schedules(walked.ids);
  for (const mdm::EnrolmentId& id : walked.ids) {
    if (withdraw_one(id, batch, now)) ++step.ended;
  }
  if (walked.is_whole || progress.withdrawn_to >= progress.expanded_to) {
    progress.phase = BatchPhase::done;
  }
  // What an operator sees as cancelled must stay so; expansion rests on the batch, which is durable.
  must_sync();
}

Result<BatchStep> RocksdbTransaction::advance_batch(Partition partition, const BatchId& batch,
                                                    std::size_t count_max, Time now) {
  const auto stored = rows_.read(Table::batches, batch.text, decode_batch);
  if (!stored) return refuse(ErrorCode::not_found, no_batch(batch));
  ProgressInUse* progress = find_progress(partition, batch);
  if (!progress) return refuse(ErrorCode::corrupt, "a batch has lost its progress");
  BatchStep step{.state = stored->state, .phase = progress->row.phase_now()};
  switch (work_of(*stored, step.phase, now)) {
    case BatchWork::nothing:
      return finish(std::move(step));
    case BatchWork::expand:
      expand(*stored, partition, progress->row, step, count_max, now);
      break;
    case BatchWork::withdraw:
      withdraw(*stored, partition, progress->row, step, count_max, now);
      break;
  }
  progress->changed = true;
  step.phase = progress->row.phase_now();
  return finish(std::move(step));
}

// ---- questions ----

Result<std::optional<Batch>> RocksdbTransaction::find_batch(const BatchId& batch) {
  return finish(rows_.read(Table::batches, batch.text, decode_batch));
}

Result<std::vector<Batch>> RocksdbTransaction::list_batches(const BatchId& after,
                                                            std::size_t count_max) {
  std::vector<Batch> listed;
  if (count_max == 0) return listed;
  const Bytes from = after.text.empty() ? Bytes() : after.text + '\0';
  rows_.scan_committed(Table::batches, {}, from, [&](BytesView, BytesView value) {
    std::optional<Batch> batch = rows_.checked(decode_batch(value));
    if (!batch) return false;
    listed.push_back(*std::move(batch));
    return listed.size() < count_max;
  });
  return finish(std::move(listed));
}

Result<BatchCounts> RocksdbTransaction::batch_counts(const BatchId& batch) {
  const auto stored = rows_.read(Table::batches, batch.text, decode_batch);
  if (!stored) return refuse(ErrorCode::not_found, no_batch(batch));
  BatchCounts counts;
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    const ProgressInUse* progress = find_progress({.index = index}, batch);
    if (!progress) return refuse(ErrorCode::corrupt, "a batch has lost its progress");
    BatchCounts share = progress->row.counts;
    share.audience = share.skipped() + share.live + share.ended();
    ++share.partitions[static_cast<std::size_t>(progress->row.phase_now()) - 1];
    add(counts, share);
  }
  set_audience(counts, *stored);
  return finish(std::move(counts));
}

Result<std::vector<BatchId>> RocksdbTransaction::unfinished_batches(Partition partition,
                                                                    const BatchId& after,
                                                                    std::size_t count_max) {
  std::vector<BatchId> unfinished;
  if (count_max == 0) return unfinished;
  const Bytes prefix(1, static_cast<char>(partition.index));
  const Bytes from = after.text.empty() ? prefix : progress_key(partition, after) + '\0';
  rows_.scan_committed(Table::batch_progress, prefix, from, [&](BytesView key, BytesView value) {
    const auto progress = rows_.checked(decode_batch_progress(value));
    if (!progress) return false;
    if (progress->phase_now() != BatchPhase::done) {
      unfinished.push_back({.text = std::string(key.substr(1))});
    }
    return unfinished.size() < count_max;
  });
  return finish(std::move(unfinished));
}

}  // namespace reveille::storage::rocks

#include "bench/storage/bare_committer.h"

#include <rocksdb/write_batch.h>

#include "protocol/base/ensure.h"
#include "storage/rocksdb/options.h"

namespace reveille::bench {

namespace rocks = storage::rocks;

BareCommitter::BareCommitter() {
  const storage::RocksdbOptions options = options_for(folder_.path());
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(rocks::database_options(options), folder_.path().string(),
                        rocks::table_descriptors(options), &handles_, &opened);
  ensure(status.ok(), "RocksDB opens");
  database_.reset(opened);
}

BareCommitter::~BareCommitter() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    database_->DestroyColumnFamilyHandle(handle);
  }
}

std::vector<BareCommitter::Row> BareCommitter::rows_of(const mdm::EnrolmentId& id,
                                                       const mdm::CommandUuid& command,
                                                       std::uint64_t sequence, storage::Time now,
                                                       const std::optional<storage::BatchId>& batch) {
  const Bytes life = rocks::life_prefix(id, 1);
  rocks::DeliveryRow delivery;
  delivery.sequence = sequence;
  delivery.delivery.command = command;
  delivery.delivery.request_type = "InstallProfile";
  delivery.delivery.queued_at = now;
  delivery.delivery.batch = batch;
  rocks::Schedule schedule;
  schedule.state = storage::EnrolmentState::enrolled;
  schedule.has_push_token = true;
  schedule.live = static_cast<std::uint32_t>(sequence + 1);
  schedule.next_sequence = sequence + 1;
  schedule.wake.due_at = now;
  std::vector<Row> rows{
      {rocks::Table::deliveries, rocks::delivery_key(life, command), rocks::encode(delivery)},
      {rocks::Table::queue, rocks::queue_key(life, sequence),
       rocks::encode(rocks::QueueRow{.command = command, .put_off_round = 0, .ended = false})},
      {rocks::Table::schedules, rocks::schedule_key(id), rocks::encode(schedule)}};
  // The wake is due from the first command on.
  if (sequence == 0) {
    rows.push_back(
        {rocks::Table::due,
         rocks::due_key(storage::partition_of(id), storage::Priority::bulk, now, id), Bytes()});
  }
  return rows;
}

void BareCommitter::commit(std::span<const Row> rows, Sync sync) {
  rocksdb::WriteBatch batch;
  for (const Row& row : rows) {
    ensure(batch.Put(handles_[static_cast<std::size_t>(row.table)], row.key, row.value).ok(),
           "put");
  }
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::yes;
  ensure(database_->Write(options, &batch).ok(), "written");
}

}  // namespace reveille::bench

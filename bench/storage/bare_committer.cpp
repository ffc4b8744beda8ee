#include "bench/storage/bare_committer.h"

#include <rocksdb/write_batch.h>

#include <map>

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

std::vector<BareCommitter::Row> BareCommitter::rows_of(
    std::span<const mdm::EnrolmentId> ids, const mdm::CommandUuid& command, std::uint64_t sequence,
    storage::Time now, const std::optional<storage::BatchId>& batch) {
  std::vector<Row> rows;
  std::map<std::uint8_t, std::vector<BytesView>> due;
  for (const mdm::EnrolmentId& id : ids) {
    storage::rocks::DeliveryRow delivery;
    delivery.delivery.command = command;
    delivery.delivery.request_type = "InstallProfile";
    delivery.delivery.queued_at = now;
    delivery.delivery.batch = batch;
    rocks::Schedule schedule;
    schedule.state = storage::EnrolmentState::enrolled;
    schedule.has_push_token = true;
    schedule.live = static_cast<std::uint32_t>(sequence + 1);
    schedule.in_row = schedule.live;
    schedule.next_sequence = sequence + 1;
    schedule.wake.due_at = now;
    schedule.due_block = std::uint64_t{1} << 24;  // as long as a count of writes is
    for (delivery.sequence = 0; delivery.sequence <= sequence; ++delivery.sequence) {
      const Bytes encoded = rocks::encode(delivery);
      rocks::append_big_endian(schedule.queue, static_cast<std::uint32_t>(encoded.size()));
      schedule.queue += encoded;
    }
    rows.push_back({rocks::Table::schedules, rocks::schedule_key(id), rocks::encode(schedule)});
    due[storage::partition_of(id).index].push_back(id.text());
  }
  // The wakes are due from the first command on.
  if (sequence > 0) return rows;
  for (const auto& [partition, those] : due) {
    rows.push_back({rocks::Table::due,
                    rocks::due_key({.index = partition}, storage::Priority::bulk, now, blocks_++),
                    rocks::encode_due(those)});
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

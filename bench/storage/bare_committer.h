#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bench/storage/fleet.h"
#include "storage/rocksdb/layout.h"

namespace reveille::bench {

// The yardstick: RocksDB with our column families and settings, and rows of the same bytes as
// enqueue() writes, known beforehand. It reads nothing, decides nothing and checks nothing.
class BareCommitter {
 public:
  BareCommitter();
  ~BareCommitter();
  BareCommitter(const BareCommitter&) = delete;
  BareCommitter& operator=(const BareCommitter&) = delete;

  // What queueing `command` for `ids` writes when it is the `sequence`th of each queue.
  struct Row {
    storage::rocks::Table table;
    Bytes key, value;
  };
  std::vector<Row> rows_of(std::span<const mdm::EnrolmentId> ids, const mdm::CommandUuid& command,
                           std::uint64_t sequence, storage::Time now,
                           const std::optional<storage::BatchId>& batch = std::nullopt);

  enum class Sync { yes, no };
  void commit(std::span<const Row> rows, Sync sync = Sync::yes);

 private:
  TemporaryFolder folder_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::uint64_t blocks_ = 0;
};

}  // namespace reveille::bench

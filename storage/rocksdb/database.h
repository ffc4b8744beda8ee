#pragma once

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "storage/rocksdb/layout.h"
#include "storage/rocksdb/rocksdb_store.h"
#include "storage/rocksdb/seal.h"

namespace rocksdb {
class WriteBatch;
}

namespace reveille::storage::rocks {

using CounterDeltas = std::array<std::array<std::int64_t, counter_count>, Partition::count>;

enum class Durability {
  relaxed,  // survives the process; a power cut may undo it
  synced,
};

// The open database: its tables, its committed counters and what stops it from writing.
// Threads: any; of one partition's counters and floor, only its lane.
class Database {
 public:
  // Errors: as open_rocksdb_store().
  static Result<std::unique_ptr<Database>> open(const RocksdbOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& rocks() { return *rocks_; }
  rocksdb::ColumnFamilyHandle* handle(Table table) const {
    return handles_[static_cast<std::size_t>(table)];
  }
  const Sealer& sealer() const { return *sealer_; }
  const StoreOptions& options() const { return options_.store; }
  std::size_t deliveries_in_row_max() const { return options_.deliveries_in_row_max; }

  // Writes the batch and the counters it changes, in one step.
  // Errors: unavailable when the disk is nearly full, when the write fails, and from then on.
  Result<void> write(rocksdb::WriteBatch& batch, const CounterDeltas& deltas,
                     Durability durability);

  Counts counts() const;
  bool broken() const { return failed_; }  // see Store::broken()

  // No due wake of the partition and priority since 1970 is earlier than this: a scan that starts here does not walk
  // through the deletions that earlier wakes left.
  Time due_floor(Partition partition, Priority priority) const;
  void set_due_floor(Partition partition, Priority priority, Time floor);

 private:
  explicit Database(const RocksdbOptions& options) : options_(options) {}

  Result<void> prepare();           // a new database's own rows
  Result<void> check_secret_key();  // tells another key by name
  Result<void> load_counters();
  Result<void> purge_audiences();  // those that no batch followed
  Result<void> purge_uploads();    // those that no report followed
  Result<void> check_free_space();

  const RocksdbOptions options_;
  std::unique_ptr<Sealer> sealer_;
  std::unique_ptr<rocksdb::DB> rocks_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // by Table; owned by rocks_

  std::array<std::array<std::atomic<std::uint64_t>, counter_count>, Partition::count> counters_{};
  // Milliseconds.
  std::array<std::atomic<std::int64_t>, Partition::count> urgent_floors_{}, bulk_floors_{};
  std::atomic<bool> failed_ = false;
  std::atomic<std::int64_t> space_checked_at_ = 0;  // steady milliseconds; 0: never
  std::atomic<bool> has_space_ = true;
};

}  // namespace reveille::storage::rocks

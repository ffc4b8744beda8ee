#include "storage/rocksdb/database.h"

#include <rocksdb/write_batch.h>
#include <sys/statvfs.h>

#include "storage/rocksdb/folder.h"
#include "storage/rocksdb/options.h"

namespace reveille::storage::rocks {
namespace {

constexpr const char* key_check_text = "reveille-store secret key";
constexpr const char* key_check_place = "key check";

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const RocksdbOptions& options) {
  auto sealer = Sealer::make(options.secret_key);
  if (!sealer) return std::unexpected(sealer.error());
  const Result<FolderContent> content = look_into(options.folder);
  if (!content) return std::unexpected(content.error());

  std::unique_ptr<Database> database(new Database(options));
  database->sealer_ = std::move(*sealer);
  const bool is_new = *content == FolderContent::nothing;
  if (is_new) {
    if (const auto space = database->check_free_space(); !space) {
      return std::unexpected(space.error());
    }
  }
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database_options(options), options.folder.string(),
                        table_descriptors(options), &database->handles_, &opened);
  if (status.IsIOError() && status.ToString().find("lock file") != std::string::npos) {
    return failure(ErrorCode::unavailable,
                   options.folder.string() + " is in use: another process has the database open");
  }
  if (!status.ok()) {
    return std::unexpected(error_from(status, "opening " + options.folder.string()));
  }
  database->rocks_.reset(opened);

  if (is_new) {
    if (const auto prepared = database->prepare(); !prepared) {
      return std::unexpected(prepared.error());
    }
  }
  if (const auto checked = database->check_secret_key(); !checked) {
    return std::unexpected(checked.error());
  }
  if (const auto loaded = database->load_counters(); !loaded) {
    return std::unexpected(loaded.error());
  }
  if (const auto purged = database->purge_audiences(); !purged) {
    return std::unexpected(purged.error());
  }
  if (const auto purged = database->purge_uploads(); !purged) {
    return std::unexpected(purged.error());
  }
  return database;
}

Database::~Database() {
  if (!rocks_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) rocks_->DestroyColumnFamilyHandle(handle);
  rocks_->Close();
}

Result<void> Database::prepare() {
  const Result<Bytes> check = sealer_->seal(key_check_text, key_check_place);
  if (!check) return std::unexpected(check.error());
  rocksdb::WriteBatch batch;
  batch.Put(key_check_key, *check);
  batch.Put(format_key, encode(FormatRow{.magic = format_magic, .version = format_version}));
  const rocksdb::Status status = rocks_->Write(synced(), &batch);
  if (!status.ok()) return std::unexpected(error_from(status, "creating the database"));
  return {};
}

Result<void> Database::check_secret_key() {
  std::string sealed;
  const rocksdb::Status status = rocks_->Get(rocksdb::ReadOptions(), key_check_key, &sealed);
  if (!status.ok()) return std::unexpected(error_from(status, "reading the key check"));
  const Result<Bytes> check = sealer_->unseal(sealed, key_check_place);
  if (check && *check == key_check_text) return {};
  return failure(ErrorCode::corrupt,
                 options_.folder.string() + " was sealed with another secret key");
}

Result<void> Database::load_counters() {
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    std::string value;
    const rocksdb::Status status =
        rocks_->Get(rocksdb::ReadOptions(), counts_key({.index = index}), &value);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return std::unexpected(error_from(status, "reading the counters"));
    const Result<CounterRow> row = decode_counters(value);
    if (!row) return std::unexpected(row.error());
    for (std::size_t counter = 0; counter < counter_count; ++counter) {
      counters_[index][counter] = (*row)[counter];
    }
  }
  return {};
}

// One look at each audience, however many chunks it has.
Result<void> Database::purge_audiences() {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> row(
      rocks_->NewIterator(rocksdb::ReadOptions(), handle(Table::audiences)));
  row->SeekToFirst();
  while (row->Valid()) {
    const std::optional<BatchId> id = parse_audience_key({row->key().data(), row->key().size()});
    if (!id) return failure(ErrorCode::corrupt, "a row of audiences is damaged");
    const Bytes first = audience_prefix(*id), end = behind(first);
    std::string value;
    const rocksdb::Status status =
        rocks_->Get(rocksdb::ReadOptions(), handle(Table::batches), id->text, &value);
    if (status.IsNotFound()) {
      batch.DeleteRange(handle(Table::audiences), first, end);
    } else if (!status.ok()) {
      return std::unexpected(error_from(status, "reading batches"));
    }
    row->Seek(end);
  }
  if (!row->status().ok()) return std::unexpected(error_from(row->status(), "reading audiences"));
  if (batch.Count() == 0) return {};
  const rocksdb::Status status = rocks_->Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) return std::unexpected(error_from(status, "purging audiences"));
  return {};
}

// Recorded ones have no row here: this reads what crashes left, and no piece.
Result<void> Database::purge_uploads() {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> row(
      rocks_->NewIterator(rocksdb::ReadOptions(), handle(Table::long_results)));
  for (row->Seek({uploads_prefix.data(), uploads_prefix.size()});
       row->Valid() && row->key().starts_with({uploads_prefix.data(), uploads_prefix.size()});
       row->Next()) {
    const Bytes first = pieces_prefix({row->key().data(), row->key().size()});
    batch.DeleteRange(handle(Table::long_results), first, behind(first));
    batch.Delete(handle(Table::long_results), row->key());
  }
  if (!row->status().ok()) return std::unexpected(error_from(row->status(), "reading uploads"));
  if (batch.Count() == 0) return {};
  const rocksdb::Status status = rocks_->Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) return std::unexpected(error_from(status, "purging uploads"));
  return {};
}

// RocksDB 7.8.3 aborts the process when the disk is full, so writing stops before that. Looked at
// once a second: what a second of writing takes is far below the reserve.
Result<void> Database::check_free_space() {
  using std::chrono::steady_clock;
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch())
          .count();
  const std::int64_t checked_at = space_checked_at_;
  if (checked_at == 0 || now - checked_at >= 1'000) {
    struct statvfs disk{};
    if (statvfs(options_.folder.c_str(), &disk) != 0) {
      return failure(ErrorCode::unavailable, "the free space of the disk cannot be read");
    }
    has_space_ =
        static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize >= options_.free_bytes_min;
    space_checked_at_ = now;
  }
  if (has_space_) return {};
  return failure(ErrorCode::unavailable, "the disk is nearly full");
}

Result<void> Database::write(rocksdb::WriteBatch& batch, const CounterDeltas& deltas,
                             Durability durability) {
  if (failed_) {
    return failure(ErrorCode::unavailable, "an earlier write failed: reopen the store");
  }
  if (const auto space = check_free_space(); !space) return space;

  const auto changed = [&](std::size_t partition) {
    return deltas[partition] != CounterDeltas{}[0];
  };
  for (std::size_t partition = 0; partition < Partition::count; ++partition) {
    if (!changed(partition)) continue;
    CounterRow row{};
    for (std::size_t counter = 0; counter < counter_count; ++counter) {
      row[counter] =
          counters_[partition][counter] + static_cast<std::uint64_t>(deltas[partition][counter]);
    }
    batch.Put(counts_key({.index = static_cast<std::uint8_t>(partition)}), encode(row));
  }

  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  const rocksdb::Status status = rocks_->Write(options, &batch);
  if (!status.ok()) {
    // Whether it took effect is unknown now, also for what would follow: only a reopening tells.
    failed_ = true;
    return failure(ErrorCode::unavailable, "a write failed: " + status.ToString());
  }
  for (std::size_t partition = 0; partition < Partition::count; ++partition) {
    if (!changed(partition)) continue;
    for (std::size_t counter = 0; counter < counter_count; ++counter) {
      counters_[partition][counter] += static_cast<std::uint64_t>(deltas[partition][counter]);
    }
  }
  return {};
}

Counts Database::counts() const {
  const auto sum = [this](Counter counter) {
    std::uint64_t total = 0;
    for (const auto& partition : counters_) total += partition[static_cast<std::size_t>(counter)];
    return total;
  };
  return {.enrolments_pending = sum(Counter::enrolments_pending),
          .enrolments_enrolled = sum(Counter::enrolments_enrolled),
          .enrolments_ended = sum(Counter::enrolments_ended),
          .deliveries_live = sum(Counter::deliveries_live),
          .deliveries_acknowledged = sum(Counter::deliveries_acknowledged),
          .deliveries_failed = sum(Counter::deliveries_failed),
          .deliveries_cancelled = sum(Counter::deliveries_cancelled),
          .deliveries_expired = sum(Counter::deliveries_expired),
          .deliveries_voided = sum(Counter::deliveries_voided),
          .commands = sum(Counter::commands)};
}

Time Database::due_floor(Partition partition, Priority priority) const {
  const auto& floors = priority == Priority::urgent ? urgent_floors_ : bulk_floors_;
  return Time(std::chrono::milliseconds(floors[partition.index]));
}

void Database::set_due_floor(Partition partition, Priority priority, Time floor) {
  auto& floors = priority == Priority::urgent ? urgent_floors_ : bulk_floors_;
  floors[partition.index] = floor.time_since_epoch().count();
}

}  // namespace reveille::storage::rocks

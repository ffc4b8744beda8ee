#include "storage/rocksdb/rows.h"

#include <algorithm>
#include <memory>

#include "storage/rocksdb/folder.h"

namespace reveille::storage::rocks {
namespace {

// Debian builds RocksDB with its assertions: comparing a slice that points nowhere ends the process.
rocksdb::Slice slice(BytesView bytes) {
  return bytes.empty() ? rocksdb::Slice() : rocksdb::Slice(bytes.data(), bytes.size());
}
BytesView view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

std::optional<Bytes> Rows::get(Table table, BytesView key) {
  if (failure_) return std::nullopt;
  const OwnWrites& own_writes = own_writes_[static_cast<std::size_t>(table)];
  if (const auto own = own_writes.find(key); own != own_writes.end()) return own->second;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = database_.rocks().Get(
      rocksdb::ReadOptions(), database_.handle(table), slice(key), &value);
  if (status.ok()) return Bytes(view(value));
  if (!status.IsNotFound()) check(status, "reading ", table);
  return std::nullopt;
}

void Rows::get_all(Table table, std::span<const Bytes> keys, const Found& found) {
  if (failure_ || keys.empty()) return;
  const OwnWrites& own_writes = own_writes_[static_cast<std::size_t>(table)];
  std::vector<std::size_t> places;
  std::vector<rocksdb::Slice> slices;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto own = own_writes.find(keys[i]);
    if (own == own_writes.end()) {
      places.push_back(i);
      slices.push_back(slice(keys[i]));
    } else if (own->second) {
      found(i, *own->second);
    }
  }
  if (slices.empty()) return;
  std::vector<rocksdb::PinnableSlice> values(slices.size());
  std::vector<rocksdb::Status> statuses(slices.size());
  const bool are_sorted = std::ranges::is_sorted(slices, {}, view);
  database_.rocks().MultiGet(rocksdb::ReadOptions(), database_.handle(table), slices.size(),
                             slices.data(), values.data(), statuses.data(), are_sorted);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (statuses[i].ok()) {
      found(places[i], view(values[i]));
    } else if (!statuses[i].IsNotFound()) {
      check(statuses[i], "reading ", table);
    }
  }
}

void Rows::put(Table table, BytesView key, Bytes value) { set(table, key, std::move(value)); }

void Rows::erase(Table table, BytesView key) { set(table, key, std::nullopt); }

void Rows::set(Table table, BytesView key, std::optional<Bytes> value) {
  constexpr std::size_t around_a_row = 16;  // RocksDB's kind, table and sizes
  bytes_written_ += key.size() + (value ? value->size() : 0) + around_a_row;
  OwnWrites& own_writes = own_writes_[static_cast<std::size_t>(table)];
  // Whoever walks many enrolments does so in the order of the keys.
  const bool is_last = own_writes.empty() || own_writes.rbegin()->first < key;
  const auto place = is_last ? own_writes.end() : own_writes.lower_bound(key);
  if (place != own_writes.end() && place->first == key) {
    place->second = std::move(value);
  } else {
    own_writes.emplace_hint(place, Bytes(key), std::move(value));
  }
}

void Rows::erase_all(Table table, BytesView prefix) {
  OwnWrites& own_writes = own_writes_[static_cast<std::size_t>(table)];
  auto own = own_writes.lower_bound(prefix);
  while (own != own_writes.end() && BytesView(own->first).starts_with(prefix)) {
    own = own_writes.erase(own);
  }
  erased_.push_back({.table = table, .first = Bytes(prefix), .end = behind(prefix)});
}

void Rows::scan(Table table, BytesView prefix, BytesView from, const Visit& visit) {
  scan(own_writes_[static_cast<std::size_t>(table)], table, prefix, from, visit);
}

void Rows::scan_committed(Table table, BytesView prefix, BytesView from, const Visit& visit) {
  scan(OwnWrites{}, table, prefix, from, visit);
}

void Rows::scan(const OwnWrites& own_writes, Table table, BytesView prefix, BytesView from,
                const Visit& visit) {
  if (failure_) return;
  const Bytes end = behind(prefix);
  const rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &end_slice;  // spares the deletions behind it
  const std::unique_ptr<rocksdb::Iterator> stored(
      database_.rocks().NewIterator(options, database_.handle(table)));

  auto own = own_writes.lower_bound(from);
  const auto own_is_left = [&] {
    return own != own_writes.end() && BytesView(own->first).starts_with(prefix);
  };
  stored->Seek(slice(from));
  while (stored->Valid() || own_is_left()) {
    // Of two rows with one key, the own one is the later.
    const bool own_is_next =
        own_is_left() && (!stored->Valid() || BytesView(own->first) <= view(stored->key()));
    if (!own_is_next) {
      if (!visit(view(stored->key()), view(stored->value()))) break;
      stored->Next();
      continue;
    }
    if (stored->Valid() && view(stored->key()) == own->first) stored->Next();
    if (own->second && !visit(own->first, *own->second)) break;
    ++own;
  }
  check(stored->status(), "reading ", table);
}

void Rows::put_last(rocksdb::WriteBatch& batch, Table table, BytesView key, BytesView value) {
  check(batch.Put(database_.handle(table), slice(key), slice(value)), "writing ", table);
}

rocksdb::WriteBatch Rows::take(std::size_t bytes_behind) {
  // Grown in steps, it would be copied at each.
  rocksdb::WriteBatch batch(bytes_written_ + bytes_behind);
  for (const Range& range : erased_) {
    check(batch.DeleteRange(database_.handle(range.table), slice(range.first), slice(range.end)),
          "writing ", range.table);
  }
  for (std::size_t index = 0; index < table_count; ++index) {
    const auto table = static_cast<Table>(index);
    rocksdb::ColumnFamilyHandle* handle = database_.handle(table);
    for (const auto& [key, value] : own_writes_[index]) {
      check(value ? batch.Put(handle, slice(key), slice(*value)) : batch.Delete(handle, slice(key)),
            "writing ", table);
    }
    own_writes_[index].clear();
  }
  erased_.clear();
  bytes_written_ = 0;
  return batch;
}

void Rows::check(const rocksdb::Status& status, const char* doing, Table table) {
  if (!status.ok()) fail(error_from(status, std::string(doing) + name_of(table)));
}

void Rows::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

bool Rows::forgive_damage() {
  if (!failure_ || failure_->code != ErrorCode::corrupt) return false;
  failure_.reset();
  return true;
}

}  // namespace reveille::storage::rocks

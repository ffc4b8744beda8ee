#include "storage/rocksdb/rows.h"

#include "storage/rocksdb/folder.h"

namespace reveille::storage::rocks {
namespace {

// Debian builds RocksDB with its assertions: comparing a slice that points nowhere ends the process.
rocksdb::Slice slice(BytesView bytes) {
  return bytes.empty() ? rocksdb::Slice() : rocksdb::Slice(bytes.data(), bytes.size());
}
BytesView view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

// The first key behind all that begin with `prefix`; empty when there is none.
Bytes behind(BytesView prefix) {
  Bytes key(prefix);
  while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xff) key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  return key;
}

}  // namespace

Rows::Rows(Database& database)
    : database_(database),
      batch_(rocksdb::BytewiseComparator(), /*reserved_bytes=*/0, /*overwrite_key=*/true) {}

std::optional<Bytes> Rows::get(Table table, BytesView key) {
  if (failure_) return std::nullopt;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = batch_.GetFromBatchAndDB(
      &database_.rocks(), rocksdb::ReadOptions(), database_.handle(table), slice(key), &value);
  if (status.ok()) return Bytes(view(value));
  if (!status.IsNotFound()) fail(error_from(status, std::string("reading ") + name_of(table)));
  return std::nullopt;
}

void Rows::put(Table table, BytesView key, BytesView value) {
  const rocksdb::Status status = batch_.Put(database_.handle(table), slice(key), slice(value));
  if (!status.ok()) fail(error_from(status, std::string("writing ") + name_of(table)));
}

void Rows::erase(Table table, BytesView key) {
  const rocksdb::Status status = batch_.Delete(database_.handle(table), slice(key));
  if (!status.ok()) fail(error_from(status, std::string("writing ") + name_of(table)));
}

void Rows::scan(Table table, BytesView prefix, BytesView from, const Visit& visit) {
  scan(View::with_own_writes, table, prefix, from, visit);
}

void Rows::scan_committed(Table table, BytesView prefix, BytesView from, const Visit& visit) {
  scan(View::committed, table, prefix, from, visit);
}

void Rows::scan(View which, Table table, BytesView prefix, BytesView from, const Visit& visit) {
  if (failure_) return;
  const Bytes end = behind(prefix);
  const rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &end_slice;  // spares the deletions behind it

  rocksdb::ColumnFamilyHandle* handle = database_.handle(table);
  std::unique_ptr<rocksdb::Iterator> rows(database_.rocks().NewIterator(options, handle));
  if (which == View::with_own_writes) {
    rows.reset(batch_.NewIteratorWithBase(handle, rows.release(), &options));
  }
  for (rows->Seek(slice(from)); rows->Valid(); rows->Next()) {
    const BytesView key = view(rows->key());
    if (!key.starts_with(prefix) || !visit(key, view(rows->value()))) break;
  }
  if (!rows->status().ok()) {
    fail(error_from(rows->status(), std::string("reading ") + name_of(table)));
  }
}

void Rows::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

}  // namespace reveille::storage::rocks

#pragma once

#include <rocksdb/write_batch.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "storage/rocksdb/database.h"

namespace reveille::storage::rocks {

// The rows as one transaction sees them: the database under the transaction's own writes. These
// are kept in the order of their keys and handed to RocksDB together, each row once, however often
// it was written: so RocksDB inserts neighbours one after the other, which spares it half of the
// search.
//
// Errors: the first one sticks. After it reads find nothing, and whoever asked last must look at
//         failure() before believing that; a transaction with a failure never commits.
class Rows {
 public:
  explicit Rows(Database& database) : database_(database) {}

  const Database& database() const { return database_; }

  std::optional<Bytes> get(Table table, BytesView key);

  // Many at once, which costs less than one by one: `found(place in keys, value)` for each that
  // there is, in no order.
  using Found = std::function<void(std::size_t place, BytesView value)>;
  void get_all(Table table, std::span<const Bytes> keys, const Found& found);

  template <typename Row>
  std::optional<Row> read(Table table, BytesView key, Result<Row> (*decode)(BytesView)) {
    const std::optional<Bytes> bytes = get(table, key);
    if (!bytes) return std::nullopt;
    return checked(decode(*bytes));
  }

  // The value, or nothing and its error kept.
  template <typename Value>
  std::optional<Value> checked(Result<Value> value) {
    if (value) return std::move(*value);
    fail(std::move(value.error()));
    return std::nullopt;
  }

  // Whether this transaction has written the row, or erased it.
  bool has_written(Table table, BytesView key) const {
    return own_writes_[static_cast<std::size_t>(table)].contains(key);
  }

  void put(Table table, BytesView key, Bytes value);
  void erase(Table table, BytesView key);
  // Every row whose key begins with `prefix`. This transaction must not ask for any of them again.
  void erase_all(Table table, BytesView prefix);

  // Every row whose key begins with `prefix`, from the first key that is not less than `from`,
  // until `visit` answers false. `visit` must not write to the table.
  using Visit = std::function<bool(BytesView key, BytesView value)>;
  void scan(Table table, BytesView prefix, BytesView from, const Visit& visit);
  // The same without this transaction's own writes.
  void scan_committed(Table table, BytesView prefix, BytesView from, const Visit& visit);

  void fail(Error error);
  // Takes the failure back if it is of a damaged row alone, which the caller does without.
  // Answers whether there was one.
  bool forgive_damage();
  const std::optional<Error>& failure() const { return failure_; }

  // All that was written, in the tables' order and the keys', with room for `bytes_behind`.
  rocksdb::WriteBatch take(std::size_t bytes_behind = 0);
  // Straight into what take() gave: no read of this transaction sees it.
  void put_last(rocksdb::WriteBatch& batch, Table table, BytesView key, BytesView value);

 private:
  // A table's own writes; nullopt: the row is gone.
  using OwnWrites = std::map<Bytes, std::optional<Bytes>, std::less<>>;
  struct Range {
    Table table;
    Bytes first, end;
  };

  void scan(const OwnWrites& own_writes, Table table, BytesView prefix, BytesView from,
            const Visit& visit);
  void set(Table table, BytesView key, std::optional<Bytes> value);
  void check(const rocksdb::Status& status, const char* doing, Table table);

  Database& database_;
  std::array<OwnWrites, table_count> own_writes_;
  std::vector<Range> erased_;
  std::size_t bytes_written_ = 0;  // about as many as the batch will have
  std::optional<Error> failure_;
};

}  // namespace reveille::storage::rocks

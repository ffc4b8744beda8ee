#pragma once

#include <rocksdb/utilities/write_batch_with_index.h>

#include <functional>
#include <optional>

#include "storage/rocksdb/database.h"

namespace reveille::storage::rocks {

// The rows as one transaction sees them: the database under the transaction's own writes.
//
// Errors: the first one sticks. After it reads find nothing, and whoever asked last must look at
//         failure() before believing that; a transaction with a failure never commits.
class Rows {
 public:
  explicit Rows(Database& database);

  std::optional<Bytes> get(Table table, BytesView key);

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

  void put(Table table, BytesView key, BytesView value);
  void erase(Table table, BytesView key);

  // Every row whose key begins with `prefix`, from the first key that is not less than `from`,
  // until `visit` answers false. `visit` must not write to the table.
  using Visit = std::function<bool(BytesView key, BytesView value)>;
  void scan(Table table, BytesView prefix, BytesView from, const Visit& visit);
  // The same without this transaction's own writes.
  void scan_committed(Table table, BytesView prefix, BytesView from, const Visit& visit);

  void fail(Error error);
  const std::optional<Error>& failure() const { return failure_; }

  bool empty() { return batch_.GetWriteBatch()->Count() == 0; }
  rocksdb::WriteBatch& batch() { return *batch_.GetWriteBatch(); }

 private:
  enum class View { committed, with_own_writes };
  void scan(View view, Table table, BytesView prefix, BytesView from, const Visit& visit);

  Database& database_;
  rocksdb::WriteBatchWithIndex batch_;
  std::optional<Error> failure_;
};

}  // namespace reveille::storage::rocks

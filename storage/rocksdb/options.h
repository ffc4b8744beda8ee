#pragma once

#include <rocksdb/db.h>

#include <vector>

#include "storage/rocksdb/rocksdb_store.h"

// How RocksDB is set up: bounded memory, bounded files, and a log of a bounded size.
namespace reveille::storage::rocks {

rocksdb::DBOptions database_options(const RocksdbOptions& options);

// One for each table, in the tables' order; all share one block cache.
std::vector<rocksdb::ColumnFamilyDescriptor> table_descriptors(const RocksdbOptions& options);

}  // namespace reveille::storage::rocks

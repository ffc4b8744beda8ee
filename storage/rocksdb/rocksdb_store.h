#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "storage/store.h"

namespace reveille::storage {

struct RocksdbOptions {
  StoreOptions store;
  std::filesystem::path folder;  // created when missing
  Bytes secret_key;  // 32 bytes; seals tokens, magic, unlock tokens, push keys (AES-256-GCM)
  // Live deliveries of one enrolment that its schedule keeps; more take rows of their own.
  std::size_t deliveries_in_row_max = 32;
  std::size_t block_cache_bytes = 64u << 20;
  std::size_t write_buffer_bytes = 32u << 20;
  // RocksDB 7.8.3 aborts the process on a full disk: below this, commits that write answer
  // unavailable.
  std::size_t free_bytes_min = 256u << 20;
};

// The key layout, field by field: docs/storage-format.md and storage/rocksdb/layout.h.
// A folder that is another program's database, or was written by a newer version of this format,
// is refused by name and left as it is. One process at a time.
// Errors: unavailable (lock held, disk), corrupt (foreign, newer, sealed with another key).
Result<std::unique_ptr<Store>> open_rocksdb_store(const RocksdbOptions& options);

}  // namespace reveille::storage

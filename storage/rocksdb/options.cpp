#include "storage/rocksdb/options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>

#include "storage/rocksdb/layout.h"

namespace reveille::storage::rocks {
namespace {

// Tables whose rows live shortly: a file that is mostly deletions is compacted early, so that a
// scan does not walk through them.
bool is_short_lived(Table table) { return table == Table::due || table == Table::queue; }

rocksdb::ColumnFamilyOptions table_options(Table table, const RocksdbOptions& options,
                                           const rocksdb::BlockBasedTableOptions& blocks) {
  rocksdb::ColumnFamilyOptions table_options;
  table_options.compression = rocksdb::kLZ4Compression;
  table_options.write_buffer_size = std::max<std::size_t>(options.write_buffer_bytes / 2, 1u << 20);
  table_options.arena_block_size = 256u
                                   << 10;  // there are many tables, and most hold little at a time
  // One compaction writes anew what it reads, and needs that much of the disk's reserve.
  table_options.max_bytes_for_level_base = 4 * table_options.write_buffer_size;
  table_options.target_file_size_base = table_options.max_bytes_for_level_base / 2;
  table_options.max_compaction_bytes = 2 * table_options.max_bytes_for_level_base;
  // Mostly a key that is asked for is not in memory: the filter spares the search there.
  table_options.memtable_prefix_bloom_size_ratio = 0.05;
  table_options.memtable_whole_key_filtering = true;
  table_options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  if (is_short_lived(table)) {
    constexpr std::size_t window_rows = 4'096, deletions_max = 1'024;
    table_options.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(window_rows, deletions_max));
  }
  return table_options;
}

}  // namespace

rocksdb::DBOptions database_options(const RocksdbOptions& options) {
  rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  // After a power cut the log's torn tail is dropped: what lies before it was promised, it was not.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  database.db_write_buffer_size = options.write_buffer_bytes;
  database.max_total_wal_size = 4 * options.write_buffer_bytes;
  database.max_background_jobs = 2;
  database.max_open_files = 512;
  database.max_manifest_file_size = 16u << 20;
  database.bytes_per_sync = 1u << 20;
  database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  database.max_log_file_size = 4u << 20;
  database.keep_log_file_num = 4;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  return database;
}

std::vector<rocksdb::ColumnFamilyDescriptor> table_descriptors(const RocksdbOptions& options) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.format_version = 5;
  blocks.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  // Filters and indexes grow with the number of enrolments; in the cache they are bounded.
  blocks.cache_index_and_filter_blocks = true;
  blocks.cache_index_and_filter_blocks_with_high_priority = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t index = 0; index < table_count; ++index) {
    const auto table = static_cast<Table>(index);
    descriptors.emplace_back(name_of(table), table_options(table, options, blocks));
  }
  return descriptors;
}

}  // namespace reveille::storage::rocks

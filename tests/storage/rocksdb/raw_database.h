#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "storage/rocksdb/layout.h"

// A store's database as RocksDB sees it, for tests that damage it. Closed stores only.
namespace reveille::storage::testing {

class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    const rocksdb::Options options;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(options, folder.string(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, options);
    rocksdb::DB* opened = nullptr;
    const auto status =
        rocksdb::DB::Open(options, folder.string(), descriptors, &handles_, &opened);
    EXPECT_TRUE(status.ok()) << status.ToString();
    database_.reset(opened);
  }
  ~RawDatabase() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      database_->DestroyColumnFamilyHandle(handle);
    }
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void put(rocks::Table table, BytesView key, BytesView value) {
    const auto status =
        database_->Put({}, handle(table), {key.data(), key.size()}, {value.data(), value.size()});
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  // How many rows begin with `prefix`.
  std::size_t count(rocks::Table table, BytesView prefix) {
    std::size_t rows = 0;
    const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator({}, handle(table)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      if (row->key().starts_with({prefix.data(), prefix.size()})) ++rows;
    }
    EXPECT_TRUE(row->status().ok());
    return rows;
  }

  Bytes get(rocks::Table table, BytesView key) {
    Bytes value;
    const auto status = database_->Get({}, handle(table), {key.data(), key.size()}, &value);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return value;
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(rocks::Table table) {
    for (rocksdb::ColumnFamilyHandle* each : handles_) {
      if (each->GetName() == rocks::name_of(table)) return each;
    }
    ADD_FAILURE() << "no table " << rocks::name_of(table);
    return nullptr;
  }

  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// Every file below the folder with its bytes.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files[entry.path().string()] = bytes.str();
  }
  return files;
}

}  // namespace reveille::storage::testing

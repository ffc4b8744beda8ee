#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/rocksdb/rocksdb_store.h"
#include "storage/store.h"

// What the storage benchmarks share: a store full of enrolled devices, on a disk with real syncs.
namespace reveille::bench {

class TemporaryFolder {
 public:
  TemporaryFolder();  // below TMPDIR: choose one that is on a disk
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// As long as a UDID, and in no order.
mdm::EnrolmentId device_id(std::uint64_t number);
// A command of 600 bytes, its UUID as NanoMDM's tools make them.
mdm::Command command_number(std::uint64_t number);

storage::RocksdbOptions options_for(const std::filesystem::path& folder);

class Fleet {
 public:
  explicit Fleet(std::size_t enrolments);

  storage::Store& store() { return *store_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::span<const mdm::EnrolmentId> ids() const { return ids_; }
  // The next `count` devices, round and round.
  std::span<const mdm::EnrolmentId> next_ids(std::size_t count);
  storage::Time now() const { return now_; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  // Stores a new command.
  mdm::CommandUuid put_command();
  void enqueue(std::span<const mdm::EnrolmentId> ids, const mdm::CommandUuid& command);

 private:
  TemporaryFolder folder_;
  std::unique_ptr<storage::Store> store_;
  std::vector<mdm::EnrolmentId> ids_;
  std::size_t next_ = 0;
  std::uint64_t commands_ = 0;
  storage::Time now_{std::chrono::milliseconds(1'700'000'000'000)};
};

}  // namespace reveille::bench

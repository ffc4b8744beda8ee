#include "storage/rocksdb/folder.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <memory>
#include <string>

#include "storage/rocksdb/layout.h"

namespace reveille::storage::rocks {
namespace {

namespace fs = std::filesystem;

// RocksDB would else start a log file of its own in a folder that may not be ours.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

std::unexpected<Error> refusal(const fs::path& folder, const std::string& why) {
  return failure(ErrorCode::corrupt, folder.string() + " " + why);
}

std::unexpected<Error> unreadable(const fs::path& folder, const std::error_code& error) {
  return failure(ErrorCode::unavailable, folder.string() + ": " + error.message());
}

// What a creation that was cut short leaves: RocksDB writes CURRENT last.
bool is_left_by_a_cut_creation(const std::string& name) {
  return name == "LOCK" || name == "IDENTITY" || name == "lost+found" || name.starts_with("LOG") ||
         name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".dbtmp") || name.ends_with(".log");
}

// Of a folder without a RocksDB database: nullopt, or the name of a file that is not ours.
Result<std::optional<std::string>> find_foreign_file(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator files(folder, error);
  if (error) return unreadable(folder, error);
  while (files != fs::directory_iterator()) {
    const std::string name = files->path().filename().string();
    if (!is_left_by_a_cut_creation(name)) return name;
    files.increment(error);
    if (error) return unreadable(folder, error);
  }
  return std::nullopt;
}

Result<FolderContent> judge(rocksdb::DB& database, const fs::path& folder) {
  std::string value;
  const rocksdb::Status status = database.Get(rocksdb::ReadOptions(), format_key, &value);
  if (status.IsNotFound()) {
    // A creation cut short after RocksDB's part: the table is there and has no row.
    const std::unique_ptr<rocksdb::Iterator> rows(database.NewIterator(rocksdb::ReadOptions()));
    rows->SeekToFirst();
    if (!rows->Valid() && rows->status().ok()) return FolderContent::nothing;
    return refusal(folder, "holds another program's database");
  }
  if (!status.ok()) return std::unexpected(error_from(status, "reading " + folder.string()));

  const Result<FormatRow> format = decode_format(value);
  if (!format || format->magic != format_magic) {
    return refusal(folder, "holds another program's database");
  }
  if (format->version != format_version) {  // the earlier one was never released
    return refusal(folder, "holds a database of format " + std::to_string(format->version) +
                               "; this program knows format " + std::to_string(format_version));
  }
  return FolderContent::our_format;
}

bool is_our_table(const std::string& name) {
  for (std::size_t index = 0; index < table_count; ++index) {
    if (name == name_of(static_cast<Table>(index))) return true;
  }
  return false;
}

Result<FolderContent> look_into_database(const fs::path& folder) {
  rocksdb::DBOptions options;
  options.info_log = std::make_shared<SilentLogger>();
  const std::vector<rocksdb::ColumnFamilyDescriptor> meta_alone{
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, folder.string(), meta_alone, &handles, &opened);
  if (!status.ok()) return std::unexpected(error_from(status, "opening " + folder.string()));
  const std::unique_ptr<rocksdb::DB> database(opened);
  Result<FolderContent> content = judge(*database, folder);
  for (rocksdb::ColumnFamilyHandle* handle : handles) database->DestroyColumnFamilyHandle(handle);
  if (!content) return content;

  std::vector<std::string> tables;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, folder.string(), &tables);
  if (!listed.ok()) return std::unexpected(error_from(listed, "opening " + folder.string()));
  for (const std::string& table : tables) {
    if (!is_our_table(table))
      return refusal(folder, "holds a database with a table of its own, " + table);
  }
  return content;
}

}  // namespace

Result<FolderContent> look_into(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    fs::create_directories(folder, error);
    if (error) return unreadable(folder, error);
    // It will hold the fleet's records.
    fs::permissions(folder, fs::perms::owner_all, error);
    return FolderContent::nothing;
  }
  if (error) return unreadable(folder, error);
  if (status.type() != fs::file_type::directory) return refusal(folder, "is not a folder");

  if (fs::exists(folder / "CURRENT", error)) return look_into_database(folder);
  if (error) return unreadable(folder, error);
  const auto foreign = find_foreign_file(folder);
  if (!foreign) return std::unexpected(foreign.error());
  if (*foreign) return refusal(folder, "holds files of another program (" + **foreign + ")");
  return FolderContent::nothing;
}

Error error_from(const rocksdb::Status& status, const std::string& doing) {
  const bool corrupt = status.IsCorruption() || status.IsInvalidArgument();
  return {.code = corrupt ? ErrorCode::corrupt : ErrorCode::unavailable,
          .detail = doing + ": " + status.ToString()};
}

}  // namespace reveille::storage::rocks

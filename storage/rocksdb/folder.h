#pragma once

#include <filesystem>

#include "protocol/base/error.h"

namespace rocksdb {
class Status;
}

namespace reveille::storage::rocks {

enum class FolderContent {
  nothing,    // a new database may be made here
  our_format  // of a version that we know
};

// Looks before anything is opened for writing, and leaves the folder's bytes as they are. A folder
// that is missing is made.
// Errors: corrupt when the folder holds something else, or a database of a newer format;
// unavailable when it cannot be read.
Result<FolderContent> look_into(const std::filesystem::path& folder);

// What RocksDB says, as ours: corrupt, or else unavailable.
Error error_from(const rocksdb::Status& status, const std::string& doing);

}  // namespace reveille::storage::rocks

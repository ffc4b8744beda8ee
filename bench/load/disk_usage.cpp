#include "bench/load/disk_usage.h"

#include <sys/stat.h>

namespace reveille::bench {

std::uint64_t disk_bytes(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    struct stat status{};
    // A database drops files while we look.
    if (::lstat(entry.path().c_str(), &status) != 0) continue;
    // Not blocks: RocksDB takes them for its log long before it writes there.
    if (S_ISREG(status.st_mode)) bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

}  // namespace reveille::bench

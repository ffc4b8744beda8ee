#pragma once

#include <cstdint>
#include <filesystem>

namespace reveille::bench {

// The sizes of the files below `folder`, in bytes.
std::uint64_t disk_bytes(const std::filesystem::path& folder);

}  // namespace reveille::bench

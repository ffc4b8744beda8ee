#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "protocol/base/error.h"

namespace reveille::bench {

// The yardstick: nghttp2's h2load sends the same pushes, to the same target, over one connection.
struct H2loadOptions {
  std::uint16_t port = 0;
  std::size_t pushes = 0;  // with as many different tokens
  std::size_t streams = 1'000;
  std::string topic;
};

struct H2loadResult {
  double cpu_seconds = 0;  // user and system, of the whole process
  double elapsed_seconds = 0;
  std::uint64_t accepted = 0;  // answers 2xx
};

// Its files and output go into `folder`. Errors: unavailable, also when it is not installed.
Result<H2loadResult> run_h2load(const H2loadOptions& options, const std::filesystem::path& folder);

// "status codes: 10000 2xx, 0 3xx, 0 4xx, 0 5xx" of its output.
std::uint64_t accepted_in(const std::string& output);

}  // namespace reveille::bench

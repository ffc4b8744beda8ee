#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "bench/load/child_process.h"
#include "protocol/base/error.h"

namespace reveille::bench {

// The yardstick: nginx answers an empty 200 to anybody whose certificate chains to the authority of
// `state_folder`, with the server certificate that reveilled made there. One process, so that its
// CPU is easily told.
struct Nginx {
  std::unique_ptr<ChildProcess> process;
  std::uint16_t port = 0;
};

bool nginx_is_installed();
Result<Nginx> start_nginx(const std::filesystem::path& folder,
                          const std::filesystem::path& state_folder);

}  // namespace reveille::bench

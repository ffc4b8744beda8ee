#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/child_process.h"
#include "bench/load/development_apple.h"

namespace reveille::bench {

// A running reveille-apns.
struct ApnsStandIn {
  std::unique_ptr<ChildProcess> process;
  std::uint16_t port = 0;
};

// Clients that bring no certificate (h2load cannot) count as the topic's provider, so that both
// sides of a comparison get the same answers. `arguments`: further ones of reveille-apns.
Result<ApnsStandIn> start_apns(const DevelopmentApple& apple, const std::filesystem::path& folder,
                               const std::vector<std::string>& arguments = {});

}  // namespace reveille::bench

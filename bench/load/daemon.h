#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/child_process.h"
#include "tools/reveillectl/admin_client.h"

namespace reveille::bench {

struct DaemonOptions {
  std::filesystem::path folder = {};  // of the run; the state folder is "state" in it
  std::uint16_t apns_port = 1;
  std::filesystem::path apns_anchors_file = {};
  std::size_t network_lanes = 0;  // 0: as it is shipped, one for each core
  std::size_t storage_lanes = 1;
  std::size_t apns_connections = 1;
  // How long a device is left in peace after a push; as long as the run, unless pushes get lost.
  std::chrono::seconds silence{86'400};
  std::size_t block_cache_mebibytes = 64, write_buffer_mebibytes = 32;  // as it is shipped
};

std::filesystem::path state_folder_of(const std::filesystem::path& folder);

// A running reveilled on loopback and free ports, as it is shipped but for this: a device is not
// pushed again during the run, and the log has warnings only.
class Daemon {
 public:
  static Result<std::unique_ptr<Daemon>> start(const DaemonOptions& options);

  pid_t pid() const { return process_->pid(); }
  ChildProcess& process() { return *process_; }
  std::uint16_t device_port() const { return device_port_; }
  const AdminClient& admin() const { return admin_; }

  // One number of /v1/status. Errors: unavailable, also when there is none of that name.
  Result<std::uint64_t> count(const std::string& section, const std::string& name) const;

  // Profile URLs that enrol one device each. Errors: unavailable.
  Result<std::vector<std::string>> create_links(std::size_t count) const;

 private:
  Daemon(std::unique_ptr<ChildProcess> process, std::filesystem::path socket)
      : process_(std::move(process)), admin_(std::move(socket)) {}

  std::unique_ptr<ChildProcess> process_;
  AdminClient admin_;
  std::uint16_t device_port_ = 0;
};

}  // namespace reveille::bench

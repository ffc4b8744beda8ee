#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/child_process.h"

namespace reveille::bench {

// A running reveille-fleet, steered by its control socket.
class FleetProcess {
 public:
  // One device for each link. `arguments`: further ones of reveille-fleet.
  static Result<std::unique_ptr<FleetProcess>> start(const std::filesystem::path& folder,
                                                     const std::vector<std::string>& links,
                                                     const std::filesystem::path& authority_file,
                                                     const std::vector<std::string>& arguments);

  ChildProcess& process() { return *process_; }
  // Its report so far. Errors: unavailable.
  Result<boost::json::object> status() const;

 private:
  FleetProcess(std::unique_ptr<ChildProcess> process, std::filesystem::path socket)
      : process_(std::move(process)), socket_(std::move(socket)) {}

  std::unique_ptr<ChildProcess> process_;
  std::filesystem::path socket_;
};

}  // namespace reveille::bench

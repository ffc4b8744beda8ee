#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
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
  // Sends one request, as tools/simulators/device/control.h has them. Errors: unavailable.
  Result<boost::json::object> ask(const boost::json::object& request) const;
  // Its report so far, with "enrolled_now".
  Result<boost::json::object> status() const { return ask({{"do", "status"}}); }

 private:
  FleetProcess(std::unique_ptr<ChildProcess> process, std::filesystem::path socket)
      : process_(std::move(process)), socket_(std::move(socket)) {}

  std::unique_ptr<ChildProcess> process_;
  std::filesystem::path socket_;
};

// A member of a report; 0 when there is none.
std::uint64_t count_in(const boost::json::object& report, std::string_view key);

}  // namespace reveille::bench

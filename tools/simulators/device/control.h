#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "protocol/base/error.h"
#include "tools/simulators/device/fleet.h"

namespace reveille::simulators::device {

// Lets scripts steer a fleet: a Unix socket, one JSON object a line each way.
//
//   {"do": "status"}   -> the report, with "enrolled_now", "in_setup_now" and "at_rest"
//   {"do": "leave", "count": 5, "silently": false} -> {"left": 5}
//   {"do": "hold"}                            nobody begins to talk -> {}
//   {"do": "release"}                         until then; those who were pushed do now -> {}
//   {"do": "poll"}                            every device connects once -> {}
//   {"do": "devices", "first": 0, "count": 9} -> {"devices": [UDID, ...]}
//   {"do": "stop"}                            ends the program -> {}
//   anything else                             -> {"error": "..."}
class Control {
 public:
  static Result<std::unique_ptr<Control>> listen(boost::asio::io_context& lane,
                                                 const std::filesystem::path& path, Fleet& fleet);
  ~Control();

 private:
  Control(boost::asio::io_context& lane, const std::filesystem::path& path,
          const std::filesystem::path& unready, Fleet& fleet);
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::local::stream_protocol::socket socket);
  boost::asio::awaitable<std::string> answer(std::string line);

  boost::asio::io_context& lane_;
  std::filesystem::path path_;
  Fleet& fleet_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
};

}  // namespace reveille::simulators::device

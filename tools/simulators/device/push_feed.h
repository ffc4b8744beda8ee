#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille::simulators::device {

// reveille-apns's notify socket: it tells which pushes it accepted, and is told which tokens live.
//
//   to us    "<token in hexadecimal> <PushMagic>"          one line each
//   from us  "+<token in hexadecimal>", "-<the same>"      the device lives, or answers 410 now
//
// Threads: the fleet's lane.
class PushFeed {
 public:
  using OnPush = std::function<void(const std::string& token, std::string_view push_magic)>;

  // Errors: unavailable.
  static Result<std::unique_ptr<PushFeed>> connect(boost::asio::io_context& lane,
                                                   const std::filesystem::path& socket);

  // Until the socket closes.
  boost::asio::awaitable<void> follow(OnPush on_push);

  void tell_alive(const std::string& token) { tell('+', token); }
  void tell_gone(const std::string& token) { tell('-', token); }

 private:
  explicit PushFeed(boost::asio::io_context& lane) : lane_(lane), socket_(lane) {}
  void tell(char sign, const std::string& token);
  boost::asio::awaitable<void> write();

  boost::asio::io_context& lane_;
  boost::asio::local::stream_protocol::socket socket_;
  std::string unwritten_;
  bool writing_ = false;
};

}  // namespace reveille::simulators::device

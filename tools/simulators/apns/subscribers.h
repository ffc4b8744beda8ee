#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <list>
#include <memory>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "tools/simulators/apns/token_directory.h"

namespace reveille::simulators::apns {

// The way from the simulated Apple to simulated devices: a Unix socket, text lines.
//
//   device -> here   "+<token>"          a device has this token and waits for pushes
//                    "-<token>"          the device is gone: pushes to it are Unregistered
//   here -> device   "<token> <magic>"   a push was accepted; told to every subscriber
//
// Tokens are lower-case hexadecimal. A subscriber that does not read is cut off at
// backlog_bytes_max: Apple keeps nothing for a device that is never there either.
class Subscribers {
 public:
  static constexpr std::size_t backlog_bytes_max = 64u << 20;

  // `tokens` outlives this object. Errors: unavailable.
  static Result<std::unique_ptr<Subscribers>> listen(boost::asio::io_context& lane,
                                                     const std::filesystem::path& path,
                                                     TokenDirectory& tokens);
  ~Subscribers();

  void tell(BytesView token_hex, BytesView push_magic);
  std::size_t count() const { return subscribers_.size(); }

 private:
  struct Subscriber;

  Subscribers(boost::asio::io_context& lane, TokenDirectory& tokens,
              const std::filesystem::path& path);
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> read(std::shared_ptr<Subscriber> subscriber);
  boost::asio::awaitable<void> write(std::shared_ptr<Subscriber> subscriber);
  void hear(std::string_view line);

  boost::asio::io_context& lane_;
  TokenDirectory& tokens_;
  std::filesystem::path path_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::list<std::shared_ptr<Subscriber>> subscribers_;  // shared with their two coroutines
};

}  // namespace reveille::simulators::apns

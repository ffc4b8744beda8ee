#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace reveille::apns {

// Closes a socket when a deadline passes, so that whatever waits on it ends. Outlived by the socket.
class SocketDeadline {
 public:
  SocketDeadline(boost::asio::ip::tcp::socket& socket, std::chrono::steady_clock::time_point deadline)
      : timer_(socket.get_executor(), deadline), watched_(std::make_shared<Watched>(&socket)) {
    timer_.async_wait([watched = watched_](const boost::system::error_code& error) {
      if (error || watched->socket == nullptr) return;
      watched->passed = true;
      boost::system::error_code ignored;
      watched->socket->close(ignored);
    });
  }
  ~SocketDeadline() { watched_->socket = nullptr; }
  SocketDeadline(const SocketDeadline&) = delete;
  SocketDeadline& operator=(const SocketDeadline&) = delete;

  bool passed() const { return watched_->passed; }

 private:
  struct Watched {
    explicit Watched(boost::asio::ip::tcp::socket* of) : socket(of) {}
    boost::asio::ip::tcp::socket* socket;
    bool passed = false;
  };
  boost::asio::steady_timer timer_;
  std::shared_ptr<Watched> watched_;  // shared with the handler, which may be queued when we go
};

}  // namespace reveille::apns

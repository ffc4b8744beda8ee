#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/socket_base.hpp>
#include <chrono>
#include <memory>

#include "protocol/base/error.h"

namespace reveille::http {

// A connected socket in non-blocking mode whose waits have deadlines. One timer serves a read and a
// write at once and is moved only to an earlier time: on a busy connection whose deadlines keep
// moving on, it is touched about once a deadline's length, not once a wait.
//
// Threads: its lane's alone.
class WatchedSocket {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Deadline = std::chrono::steady_clock::time_point;
  using Readiness = boost::asio::socket_base::wait_type;
  // Who waits. A TLS write may wait to read, and the other way round.
  enum class Operation { read, write };

  explicit WatchedSocket(Socket socket);
  ~WatchedSocket();  // closes
  WatchedSocket(const WatchedSocket&) = delete;
  WatchedSocket& operator=(const WatchedSocket&) = delete;

  int descriptor() const;
  bool is_open() const;
  // Closed here, by the peer, or by a reset; asks the kernel.
  bool peer_has_left() const;

  // At most one wait of each operation at a time.
  // Errors: unavailable (deadline passed, closed here, cancelled).
  boost::asio::awaitable<Result<void>> wait(Readiness readiness, Operation operation,
                                            Deadline deadline);

  // Lets others of the lane run when this socket has been ready many times in a row.
  bool owes_a_turn();
  boost::asio::awaitable<void> give_turn();

  void end_writing();
  // Ends pending waits.
  void close();

 private:
  struct State;
  // Shared with the timer's handler, which may be queued already when the socket goes.
  std::shared_ptr<State> state_;
  unsigned ready_in_a_row_ = 0;
};

}  // namespace reveille::http

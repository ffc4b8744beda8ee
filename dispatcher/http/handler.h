#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "protocol/http/message.h"
#include "protocol/pki/certificate.h"

namespace reveille::http {

// Who is at the other end of a connection, as far as the connection itself can tell.
struct Peer {
  std::string address;  // "192.0.2.7:50123", "unix"; with a PROXY header, the one that it names
  // The proxy that wrote the request for that peer, having ended TLS itself: what a header proves
  // is its word. nullopt: the peer wrote it.
  std::optional<std::string> relay = {};
  // What TLS brought: the holder has proved its key, nothing has been said of its issuer yet.
  std::optional<pki::Certificate> certificate;
  std::optional<std::uint32_t> user_id;  // of a Unix socket's peer
  // The connection has gone, as far as the kernel knows, and nobody waits for an answer. Empty:
  // nobody knows. To be asked before work that is worth a system call.
  std::function<bool()> has_left = {};
};

// Answers requests. Called in the connection's lane; each lane has a handler of its own, so it
// needs no lock. The connection waits for the answer; an exception closes it.
class Handler {
 public:
  virtual ~Handler() = default;

  // The head of a request is here, its body is not: how much of a body it deserves, within the
  // listener's limit; 413 above. Changes nothing; called for each request.
  virtual std::size_t body_bytes_max(const Request& head, const Peer& peer) const {
    (void)head, (void)peer;
    return std::numeric_limits<std::size_t>::max();
  }

  // A body passes long_body_bytes: where it goes, to come with the request as its long_body. Called
  // at most once a request; see BodyRoom. Nothing of the body has been believed yet.
  virtual LongBodyPlace find_place(const Request& head, const Peer& peer) {
    (void)head, (void)peer;
    return nullptr;
  }

  virtual boost::asio::awaitable<Response> handle(Request request, const Peer& peer) = 0;
};

}  // namespace reveille::http

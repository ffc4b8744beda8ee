#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bench/load/seeding.h"
#include "protocol/base/error.h"

namespace reveille::bench {

enum class Handshake { full, resumed };

// A device that connects, proves its identity, takes the server's ticket and goes, again and again,
// one connection at a time. TLS 1.3. The ticket comes only after the server has verified the
// client's certificate, so that each handshake is whole before the next one begins.
class HandshakeLoad {
 public:
  // Errors: those of making a TLS context.
  static Result<std::unique_ptr<HandshakeLoad>> make(const SeededFleet& fleet);
  ~HandshakeLoad();

  // `times` handshakes with whoever listens there; for resumed ones a full one comes first, with
  // the ticket that the others begin with. `before_counting` is called behind that.
  // Errors: unavailable: no connection, no handshake, no ticket, or one that was not resumed.
  template <typename Begin>
  Result<void> shake_hands(std::uint16_t port, Handshake kind, std::size_t times,
                           Begin before_counting) {
    forget_ticket();
    if (kind == Handshake::resumed) {
      Result<void> first = shake_hands_once(port, Handshake::full);
      if (!first) return first;
    }
    before_counting();
    for (std::size_t i = 0; i < times; ++i) {
      if (kind == Handshake::full) forget_ticket();
      Result<void> done = shake_hands_once(port, kind);
      if (!done) return done;
    }
    return {};
  }

 private:
  struct State;
  explicit HandshakeLoad(std::unique_ptr<State> state);

  void forget_ticket();
  Result<void> shake_hands_once(std::uint16_t port, Handshake kind);

  std::unique_ptr<State> state_;
};

}  // namespace reveille::bench

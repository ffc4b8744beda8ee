#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "protocol/base/error.h"

namespace reveille {

// Says whether nobody waits for an answer any more. Empty: nobody knows.
using HasLeft = std::function<bool()>;

// Who of a lane's peers is worked on next, when each takes a good deal of calculation. In every
// round of the lane only so many get their turn: whatever else is ready goes on in between, and
// what waits is known to be waiting.
//
// Whoever came last goes first. When more come than can be served, those who came first are about
// to give up: served in the order of arrival, everybody would be answered too late, and all the
// work would be for nobody.
//
// Threads: one lane. It outlives those who wait, unless they end with the io_context.
class Turns {
 public:
  Turns(std::size_t a_round, std::size_t waiting_max);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Returns when the caller may calculate: at once, while this round has a turn left.
  // Errors: overloaded: as many as may wait do so already; not_found: `has_left` said so when the
  // turn came, or when nobody waited longer.
  boost::asio::awaitable<Result<void>> wait(const HasLeft& has_left);

  std::size_t waiting() const;

 private:
  struct Waiting;
  struct State;

  // Shared with the round's end, which may be posted already when the last of us goes.
  const std::shared_ptr<State> state_;
};

}  // namespace reveille

#pragma once

#include <chrono>
#include <cstdint>

namespace reveille::wake {

// How many are in a stage, and how long its oldest has been there.
struct StageDepth {
  std::uint64_t depth = 0;
  std::chrono::milliseconds oldest{0};
};

struct Statistics {
  std::uint64_t claimed = 0;     // read from the store as due
  std::uint64_t coalesced = 0;   // requests and due wakes that shared a push
  std::uint64_t pushed = 0;      // handed to the client
  std::uint64_t accepted = 0;    // 200
  std::uint64_t rejected = 0;    // another status
  std::uint64_t unanswered = 0;  // no response
  std::uint64_t in_flight = 0;   // between due and recorded outcome
  std::uint64_t parked = 0;
  std::uint64_t unreachable = 0;  // ended: a dead token, then silence
  std::uint64_t paced = 0;     // waits for the rate limit
  bool topic_stopped = false;  // a topic is refused, or has no push certificate: alarm

  // Depth: wakes asked for by name that wait for a place. Oldest: how long the oldest one in the
  // store that was not read yet has been due.
  StageDepth due;
  StageDepth coalescing;  // due anew while the push before is on its way, whose end they wait for
  StageDepth pacing;     // wait for the rate limit, their topic or the client
  StageDepth pushing;    // with the client
  StageDepth recording;  // wait for the commit of their outcome

  Statistics& operator+=(const Statistics& other);
};

}  // namespace reveille::wake

#include "dispatcher/wake/statistics.h"

#include <algorithm>

namespace reveille::wake {
namespace {

void add(StageDepth& sum, const StageDepth& other) {
  sum.depth += other.depth;
  sum.oldest = std::max(sum.oldest, other.oldest);
}

}  // namespace

Statistics& Statistics::operator+=(const Statistics& other) {
  claimed += other.claimed;
  coalesced += other.coalesced;
  pushed += other.pushed;
  accepted += other.accepted;
  rejected += other.rejected;
  unanswered += other.unanswered;
  in_flight += other.in_flight;
  parked += other.parked;
  unreachable += other.unreachable;
  paced += other.paced;
  topic_stopped = topic_stopped || other.topic_stopped;
  add(due, other.due);
  add(coalescing, other.coalescing);
  add(pacing, other.pacing);
  add(pushing, other.pushing);
  add(recording, other.recording);
  return *this;
}

}  // namespace reveille::wake

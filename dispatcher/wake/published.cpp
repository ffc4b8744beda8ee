#include "dispatcher/wake/published.h"

namespace reveille::wake {

void Published::Gauge::operator=(const StageGauge& gauge) {
  depth = gauge.depth;
  since.store(gauge.since, std::memory_order_relaxed);
}

StageDepth Published::Gauge::read(Clock::SteadyTime now) const {
  const auto oldest = since.load(std::memory_order_relaxed);
  StageDepth stage{.depth = depth, .oldest = {}};
  if (oldest < now) stage.oldest = std::chrono::floor<std::chrono::milliseconds>(now - oldest);
  return stage;
}

void Published::write(const Statistics& counters, const PipelineGauges& gauges) {
  claimed_ = counters.claimed;
  coalesced_ = counters.coalesced;
  pushed_ = counters.pushed;
  accepted_ = counters.accepted;
  rejected_ = counters.rejected;
  unanswered_ = counters.unanswered;
  parked_ = counters.parked;
  unreachable_ = counters.unreachable;
  paced_ = counters.paced;
  in_flight_ = gauges.in_flight;
  topic_stopped_ = gauges.topic_stopped ? 1 : 0;
  due_ = gauges.due;
  coalescing_ = gauges.coalescing;
  pacing_ = gauges.pacing;
  pushing_ = gauges.pushing;
  recording_ = gauges.recording;
}

Statistics Published::read(Clock::SteadyTime now) const {
  Statistics statistics;
  statistics.claimed = claimed_;
  statistics.coalesced = coalesced_;
  statistics.pushed = pushed_;
  statistics.accepted = accepted_;
  statistics.rejected = rejected_;
  statistics.unanswered = unanswered_;
  statistics.parked = parked_;
  statistics.unreachable = unreachable_;
  statistics.paced = paced_;
  statistics.in_flight = in_flight_;
  statistics.topic_stopped = topic_stopped_ != 0;
  statistics.due = due_.read(now);
  statistics.coalescing = coalescing_.read(now);
  statistics.pacing = pacing_.read(now);
  statistics.pushing = pushing_.read(now);
  statistics.recording = recording_.read(now);
  return statistics;
}

}  // namespace reveille::wake

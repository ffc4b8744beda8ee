#pragma once

#include <atomic>
#include <cstdint>

#include "dispatcher/wake/pipeline.h"

namespace reveille::wake {

// A pipeline's figures, written by its thread and read by any.
class Published {
 public:
  void write(const Statistics& counters, const PipelineGauges& gauges);
  Statistics read(Clock::SteadyTime now) const;

 private:
  // One writer: plain stores will do.
  struct Figure {
    std::atomic<std::uint64_t> value{0};
    void operator=(std::uint64_t figure) { value.store(figure, std::memory_order_relaxed); }
    operator std::uint64_t() const { return value.load(std::memory_order_relaxed); }
  };
  struct Gauge {
    Figure depth;
    std::atomic<Clock::SteadyTime> since{Clock::SteadyTime::max()};

    void operator=(const StageGauge& gauge);
    StageDepth read(Clock::SteadyTime now) const;
  };

  Figure claimed_, coalesced_, pushed_, accepted_, rejected_, unanswered_, in_flight_, parked_,
      unreachable_, paced_, topic_stopped_;
  Gauge due_, coalescing_, pacing_, pushing_, recording_;
};

}  // namespace reveille::wake

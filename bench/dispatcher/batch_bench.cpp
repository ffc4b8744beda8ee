#include "bench/unit_costs.h"
#include "dispatcher/batch/expansion.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

constexpr std::size_t chunks = 256;  // of one iteration

// What does it take to decide whose turn it is, a chunk of 256 enrolments, among so many batches?
// What the store does for a chunk is storage-bench's BM_ExpandBesideBareCommitter.
void BM_DecideChunks(benchmark::State& state) {
  const auto batches = static_cast<std::uint32_t>(state.range(0));
  batch::Expansion expansion({}, 1, {});
  const batch::Moment now{.wall = storage::Time(std::chrono::hours(480'000)),
                          .steady = Clock::SteadyTime(std::chrono::hours(1))};
  for (std::uint32_t number = 0; number < batches; ++number) {
    storage::Batch one;
    one.id.text = "batch-" + std::to_string(number);
    one.command.text = one.id.text;
    one.audience = storage::AudienceKind::all;
    one.created_at = now.wall;
    expansion.found(one, batch::Partitions().set(), now);
  }
  measure_units(state, chunks, [&] {
    auto chunk = expansion.next(0, now);
    ensure(chunk.has_value(), "there is always more");
    batch::ChunkResult result;
    result.walked = result.queued = chunk->enrolments_max;
    result.queued_in = chunk->partitions;
    result.chunk = *std::move(chunk);
    expansion.answered(result, now);
  });
}
BENCHMARK(BM_DecideChunks)->Arg(1)->Arg(1'000);

}  // namespace
}  // namespace reveille::bench

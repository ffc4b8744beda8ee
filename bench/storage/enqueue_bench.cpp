#include "bench/storage/bare_committer.h"
#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"

namespace reveille::bench {
namespace {

// How much of what RocksDB can do is left when it is us who ask: one command queued for many
// devices, `state.range(0)` of them in a commit, alternating with a bare committer of the same
// bytes and syncs. Each iteration gives every device of the fleet one more command.
void BM_EnqueueBesideBareCommitter(benchmark::State& state) {
  constexpr std::size_t devices = 51'200, turn = 25'600;
  const auto in_one_commit = static_cast<std::size_t>(state.range(0));
  Fleet fleet(devices);
  BareCommitter bare;
  Costs ours, theirs;
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    const mdm::CommandUuid command = fleet.put_command();
    for (std::size_t done = 0; done < devices; done += turn) {
      const auto ids = fleet.next_ids(turn);
      std::vector<std::vector<BareCommitter::Row>> batches;
      for (std::size_t at = 0; at < turn; at += in_one_commit) {
        batches.push_back(
            bare.rows_of(ids.subspan(at, in_one_commit), command, sequence, fleet.now()));
      }
      theirs.measure(turn, [&] {
        for (const auto& batch : batches) bare.commit(batch);
      });
      ours.measure(turn, [&] {
        for (std::size_t at = 0; at < turn; at += in_one_commit) {
          fleet.enqueue(ids.subspan(at, in_one_commit), command);
        }
      });
    }
    ++sequence;
  }
  state.counters["cpu_us"] = ours.cpu_microseconds();
  state.counters["bare_cpu_us"] = theirs.cpu_microseconds();
  state.counters["per_second"] = ours.units_per_second();
  state.counters["bare_per_second"] = theirs.units_per_second();
  state.counters["cpu_over_bare"] = ours.cpu_microseconds() / theirs.cpu_microseconds();
  state.counters["share_of_bare"] = ours.units_per_second() / theirs.units_per_second();
}
BENCHMARK(BM_EnqueueBesideBareCommitter)
    ->Arg(64)
    ->Arg(256)
    ->Iterations(6)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reveille::bench

#include <algorithm>

#include "bench/storage/bare_committer.h"
#include "bench/storage/batches.h"
#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

using storage::AudienceKind;
using storage::Partition;

constexpr std::size_t devices = 51'200;

// How much of what RocksDB can do is left when a batch is expanded, `state.range(0)` places in a
// commit, alternating by partition with a bare committer of the same rows in the same order, and
// as durable: both leave the sync to others.
void BM_ExpandBesideBareCommitter(benchmark::State& state, AudienceKind audience) {
  const auto in_one_commit = static_cast<std::size_t>(state.range(0));
  Fleet fleet(devices);
  const auto shares = shares_of(fleet);
  BareCommitter bare;
  Costs ours, theirs;
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    const storage::BatchId batch = order(fleet, audience, shares);
    for (std::uint8_t index = 0; index < shares.size(); ++index) {
      std::vector<std::vector<BareCommitter::Row>> commits;
      const std::span<const mdm::EnrolmentId> share(shares[index]);
      for (std::size_t at = 0; at < share.size(); at += in_one_commit) {
        commits.push_back(
            bare.rows_of(share.subspan(at, std::min(in_one_commit, share.size() - at)),
                         {.text = batch.text}, sequence, fleet.now(), batch));
      }
      theirs.measure(share.size(), [&] {
        for (const auto& rows : commits) bare.commit(rows, BareCommitter::Sync::no);
      });
      ours.measure(share.size(), [&] { expand(fleet, batch, {.index = index}, in_one_commit); });
    }
    const auto counts = fleet.store().begin()->batch_counts(batch);
    ensure(counts->live == devices, "all are queued");
    ++sequence;
  }
  state.counters["cpu_us"] = ours.cpu_microseconds();
  state.counters["bare_cpu_us"] = theirs.cpu_microseconds();
  state.counters["per_second"] = ours.units_per_second();
  state.counters["bare_per_second"] = theirs.units_per_second();
  state.counters["cpu_over_bare"] = ours.cpu_microseconds() / theirs.cpu_microseconds();
  state.counters["share_of_bare"] = ours.units_per_second() / theirs.units_per_second();
}
BENCHMARK_CAPTURE(BM_ExpandBesideBareCommitter, ids, AudienceKind::ids)
    ->Arg(64)
    ->Arg(256)
    ->Iterations(6)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ExpandBesideBareCommitter, all, AudienceKind::all)
    ->Arg(64)
    ->Arg(256)
    ->Iterations(6)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// How long it takes until a batch is accepted, durably, whatever its audience.
void BM_AcceptBatchForAll(benchmark::State& state) {
  Fleet fleet(devices);
  for (auto _ : state) order(fleet, AudienceKind::all, {});
}
BENCHMARK(BM_AcceptBatchForAll)->Iterations(50)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reveille::bench

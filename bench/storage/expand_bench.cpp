#include <algorithm>

#include "bench/storage/bare_committer.h"
#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

using storage::AudienceKind;
using storage::Partition;

constexpr std::size_t devices = 51'200;

// The fleet's ids by partition, in the order in which an expansion walks them.
std::vector<std::vector<mdm::EnrolmentId>> shares_of(const Fleet& fleet) {
  std::vector<std::vector<mdm::EnrolmentId>> shares(Partition::count);
  for (const auto& id : fleet.ids()) shares[storage::partition_of(id).index].push_back(id);
  for (auto& share : shares) std::ranges::sort(share);
  return shares;
}

storage::BatchId order(Fleet& fleet, AudienceKind audience,
                       const std::vector<std::vector<mdm::EnrolmentId>>& shares) {
  const mdm::CommandUuid command = fleet.put_command();
  storage::Batch batch{.id = {.text = command.text}, .command = command};
  batch.audience = audience;
  const auto transaction = fleet.store().begin();
  for (std::uint8_t index = 0; audience == AudienceKind::ids && index < shares.size(); ++index) {
    const std::span<const mdm::EnrolmentId> share(shares[index]);
    constexpr std::size_t chunk = storage::Transaction::audience_chunk_ids_max;
    for (std::size_t at = 0; at < share.size(); at += chunk) {
      const auto ids = share.subspan(at, std::min(chunk, share.size() - at));
      ensure(transaction->put_audience(batch.id, {.index = index},
                                       static_cast<std::uint32_t>(at / chunk), ids)
                 .has_value(),
             "stored");
    }
    batch.audience_ids += share.size();
  }
  ensure(transaction->put_batch(batch, fleet.now()).has_value(), "ordered");
  ensure(transaction->commit().has_value(), "committed");
  return batch.id;
}

void expand(Fleet& fleet, const storage::BatchId& batch, Partition partition,
            std::size_t in_one_commit) {
  for (bool has_more = true; has_more;) {
    const auto transaction = fleet.store().begin();
    const auto step = transaction->advance_batch(partition, batch, in_one_commit, fleet.now());
    ensure(step && transaction->commit().has_value(), "committed");
    has_more = step->has_more();
  }
}

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
        auto& rows = commits.emplace_back();
        for (const auto& id : share.subspan(at, std::min(in_one_commit, share.size() - at))) {
          for (auto& row : BareCommitter::rows_of(id, {.text = batch.text}, sequence, fleet.now(),
                                                  batch)) {
            rows.push_back(std::move(row));
          }
        }
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

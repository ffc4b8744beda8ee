#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

// Reads what is due in chunks of `chunk` and records that all of it was pushed; answers how many.
std::size_t push_all(Fleet& fleet, std::size_t chunk) {
  std::size_t pushed = 0;
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    storage::WakeCursor cursor;
    for (;;) {
      const auto transaction = fleet.store().begin();
      const auto due = transaction->due_wakes({.index = index}, cursor, fleet.now(), chunk);
      ensure(due.has_value(), "read");
      if (due->empty()) break;
      cursor = storage::cursor_at(due->back());
      std::vector<storage::WakeRecord> records;
      for (const storage::DueWake& wake : *due) {
        records.push_back({.enrolment = wake.enrolment,
                           .generation = wake.generation,
                           .due_at = wake.due_at,
                           .outcome = storage::WakeRecord::Outcome::pushed,
                           .next_due_at = fleet.now() + std::chrono::minutes(10),
                           .apns_reason = {}});
      }
      ensure(transaction->record_wakes(records, fleet.now()).has_value(), "recorded");
      ensure(transaction->commit().has_value(), "committed");
      pushed += due->size();
    }
  }
  return pushed;
}

// What the store takes of one push: the wake is read with its token, and its outcome recorded.
// Every device has work and stays silent, so all are due again in each iteration.
void BM_DueWakesAndTheirOutcomes(benchmark::State& state) {
  constexpr std::size_t devices = 51'200;
  Fleet fleet(devices);
  const mdm::CommandUuid command = fleet.put_command();
  for (std::size_t at = 0; at < devices; at += 256) fleet.enqueue(fleet.next_ids(256), command);
  Costs costs;
  for (auto _ : state) {
    fleet.pass(std::chrono::minutes(11));
    costs.measure(devices, [&] {
      ensure(push_all(fleet, static_cast<std::size_t>(state.range(0))) == devices, "all were due");
    });
  }
  state.counters["cpu_us"] = costs.cpu_microseconds();
  state.counters["per_second"] = costs.units_per_second();
}
BENCHMARK(BM_DueWakesAndTheirOutcomes)
    ->Arg(64)
    ->Arg(512)
    ->Iterations(5)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reveille::bench

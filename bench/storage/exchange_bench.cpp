#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

constexpr std::size_t devices = 51'200;

// What a lane does for a device that says Idle: it is handed its command, marked sent.
void hand_out(storage::Transaction& transaction, const mdm::EnrolmentId& id, storage::Time now,
              std::vector<mdm::CommandUuid>& handed_out) {
  ensure(transaction.find_enrolment(id)->has_value(), "enrolled");
  auto command = transaction.next_command(id, storage::NotNow::offer, now);
  ensure(command && command->has_value(), "there is a command");
  ensure(transaction.reschedule_wake(id, now + std::chrono::hours(1), now).has_value(), "put off");
  ensure(transaction.touch(id, now).has_value(), "heard");
  handed_out.push_back((*command)->uuid);
}

// And for its answer: the report is recorded, and nothing is left to do.
void record(storage::Transaction& transaction, const mdm::EnrolmentId& id,
            const mdm::CommandUuid& command, storage::Time now) {
  static const Bytes report(512, 'r');
  ensure(transaction.find_enrolment(id)->has_value(), "enrolled");
  const auto recorded =
      transaction.record_report(id, command, mdm::Status::acknowledged, report, now);
  ensure(recorded && recorded->kind == storage::Recorded::Kind::recorded, "recorded");
  ensure(!transaction.next_command(id, storage::NotNow::skip, now)->has_value(), "done");
  ensure(transaction.reschedule_wake(id, std::nullopt, now).has_value(), "no wake");
}

// What the store takes of one exchange (Idle, command, Acknowledged, empty) when `state.range(0)`
// devices wait in the lane at once. Half of the commits need a sync.
void BM_Exchange(benchmark::State& state) {
  const auto at_once = static_cast<std::size_t>(state.range(0));
  Fleet fleet(devices);
  Costs costs;
  for (auto _ : state) {
    state.PauseTiming();
    const mdm::CommandUuid command = fleet.put_command();
    for (std::size_t at = 0; at < devices; at += 256) fleet.enqueue(fleet.next_ids(256), command);
    fleet.pass(std::chrono::minutes(1));
    state.ResumeTiming();
    costs.measure(devices, [&] {
      for (std::size_t at = 0; at < devices; at += at_once) {
        const auto ids = fleet.next_ids(at_once);
        std::vector<mdm::CommandUuid> handed_out;
        const auto idle = fleet.store().begin();
        for (const auto& id : ids) hand_out(*idle, id, fleet.now(), handed_out);
        ensure(idle->commit().has_value(), "committed");
        const auto answered = fleet.store().begin();
        for (std::size_t i = 0; i < ids.size(); ++i) {
          record(*answered, ids[i], handed_out[i], fleet.now());
        }
        ensure(answered->commit().has_value(), "committed");
      }
    });
  }
  state.counters["cpu_us"] = costs.cpu_microseconds();
  state.counters["per_second"] = costs.units_per_second();
}
BENCHMARK(BM_Exchange)->Arg(64)->Arg(256)->Iterations(4)->UseRealTime()->Unit(
    benchmark::kMillisecond);

// The same for a device that has nothing to do and was heard lately: reads alone.
void BM_IdleWithNothingQueued(benchmark::State& state) {
  Fleet fleet(devices);
  Costs costs;
  const auto connect = [&](storage::Transaction& transaction, const mdm::EnrolmentId& id) {
    ensure(transaction.find_enrolment(id)->has_value(), "enrolled");
    ensure(!transaction.next_command(id, storage::NotNow::offer, fleet.now())->has_value(), "none");
    ensure(transaction.reschedule_wake(id, std::nullopt, fleet.now()).has_value(), "no wake");
    ensure(transaction.touch(id, fleet.now()).has_value(), "heard");
  };
  const auto all_connect = [&] {
    for (std::size_t at = 0; at < devices; at += 64) {
      const auto transaction = fleet.store().begin();
      for (const auto& id : fleet.next_ids(64)) connect(*transaction, id);
      ensure(transaction->commit().has_value(), "committed");
    }
  };
  all_connect();
  for (auto _ : state) costs.measure(devices, all_connect);
  state.counters["cpu_us"] = costs.cpu_microseconds();
  state.counters["per_second"] = costs.units_per_second();
}
BENCHMARK(BM_IdleWithNothingQueued)->Iterations(4)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reveille::bench

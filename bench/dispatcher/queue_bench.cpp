#include <atomic>
#include <memory>

#include "bench/unit_costs.h"
#include "dispatcher/apns/push.h"
#include "dispatcher/runtime/bounded_queue.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "protocol/base/ensure.h"
#include "storage/memory/memory_store.h"

namespace reveille::bench {
namespace {

constexpr std::size_t values = 256;  // of one iteration

// What does a queue between two lanes cost a value, when nobody has to be woken?
void BM_QueueHop(benchmark::State& state) {
  BoundedQueue<apns::Push> queue(values);
  apns::Push push{.ticket = 1,
                  .notification = {.push_token = {.bytes = Bytes(32, '\x5A')},
                                   .push_magic = {.text = "0A0B0C0D-0001-4000-8000-000000000001"},
                                   .expiration = {}},
                  .topic = "com.apple.mgmt.External.0A0B0C0D-0001-4000-8000-000000000001"};
  std::vector<apns::Push> pushes(values, push);
  UnitCosts costs;
  for (auto _ : state) {
    costs.measure(values, [&] {
      for (apns::Push& value : pushes) queue.try_push(std::move(value));
      for (apns::Push& value : pushes) queue.try_pop(value);
    });
  }
  ensure(pushes.back().notification.push_magic == push.notification.push_magic, "all came through");
  costs.report(state);
}
BENCHMARK(BM_QueueHop);

struct Answered {
  std::atomic<std::size_t> count{0};
};

class EmptyJob final : public StorageJob {
 public:
  explicit EmptyJob(Answered& answered) : answered_(answered) {}
  Result<void> run(storage::Transaction&) override { return {}; }
  void finish(Result<void>) override {
    answered_.count.fetch_add(1, std::memory_order_release);
    answered_.count.notify_one();
  }

 private:
  Answered& answered_;
};

// What does it cost to have a storage lane do nothing, the lane's thread and its wake included?
void BM_StorageLaneHop(benchmark::State& state) {
  const auto jobs = static_cast<std::size_t>(state.range(0));  // at once
  const auto store = storage::make_memory_store({});
  Log log({.level = LogLevel::error, .format = LogFormat::json});
  StorageLanes lanes(*store, log, {});
  UnitCosts costs(UnitCosts::Of::process);
  for (auto _ : state) {
    costs.measure(values, [&] {
      for (std::size_t done = 0; done < values; done += jobs) {
        Answered answered;
        for (std::size_t job = 0; job < jobs; ++job) {
          ensure(lanes.submit({.index = 0}, std::make_unique<EmptyJob>(answered)).has_value(),
                 "there is room");
        }
        for (std::size_t count = 0; (count = answered.count.load()) < jobs;) {
          answered.count.wait(count);
        }
      }
    });
  }
  costs.report(state);
}
// One at a time, the cost is two context switches.
BENCHMARK(BM_StorageLaneHop)->Arg(1)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace reveille::bench

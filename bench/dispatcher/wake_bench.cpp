#include <fmt/format.h>

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "bench/unit_costs.h"
#include "dispatcher/wake/pipeline.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

constexpr std::size_t wakes = 4'096;  // of one iteration

enum class Stage : std::uint8_t { coalesce, pace_and_push, outcome, record };
constexpr std::size_t stages = 4;

// A pipeline whose store and whose APNs are this: all wakes are due, all pushes are accepted, and
// only the pipeline's own work is measured.
class World final : wake::PipelineEffects {
 public:
  World() : pipeline_(0, partitions(), {}, 1, log_, *this) { pushes_.reserve(wakes); }

  // Every enrolment is due once, pushed, and on record.
  void wake_all() {
    make_due();
    now_.wall += std::chrono::hours(1);
    now_.steady += std::chrono::hours(1);
    for (const storage::Partition partition : partitions()) pipeline_.notify(partition);
    recorded_ = 0;
    while (recorded_ < wakes) {
      advance(Stage::pace_and_push);
      if (read_) answer_read();
      if (!pushes_.empty()) answer_pushes();
      if (records_) answer_record();
      now_.wall += std::chrono::milliseconds(10);
      now_.steady += std::chrono::milliseconds(10);
    }
  }

  UnitCosts& costs_of(Stage stage) { return costs_[static_cast<std::size_t>(stage)]; }

 private:
  static std::vector<storage::Partition> partitions() {
    std::vector<storage::Partition> all;
    for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
      all.push_back({.index = index});
    }
    return all;
  }

  void make_due() {
    for (std::size_t number = 0; number < wakes; ++number) {
      const mdm::EnrolmentId id(fmt::format("BE7C0000-0000-4000-8000-{:012X}", number));
      storage::DueWake wake;
      wake.enrolment = id;
      wake.due_at = now_.wall;
      wake.topic = "com.apple.mgmt.External.7b1c4e90-0000-4000-8000-00000000000a";
      wake.push_token.bytes = Bytes(32, '\x5A');
      wake.push_magic.text = "0A0B0C0D-0001-4000-8000-000000000001";
      due_[storage::partition_of(id).index].push_back(std::move(wake));
    }
  }

  void advance(Stage stage) {
    costs_of(stage).measure(0, [&] { pipeline_.advance(now_); });
  }

  void answer_read() {
    wake::DueRead read = *std::exchange(read_, std::nullopt);
    std::size_t room = read.wakes_max, taken = 0;
    for (wake::DueRead::Part& part : read.parts) {
      auto& due = due_[part.partition.index];
      part.wakes.clear();
      while (taken < room && !due.empty()) {
        part.wakes.push_back(std::move(due.front()));
        due.pop_front();
        ++taken;
      }
      part.is_whole = due.empty();
      part.next_due_at = due.empty() ? std::nullopt : std::optional(due.front().due_at);
    }
    read.outcome = {};
    costs_of(Stage::coalesce).measure(taken, [&] { pipeline_.on_read(std::move(read), now_); });
  }

  void answer_pushes() {
    std::vector<apns::PushOutcome> outcomes(pushes_.size());
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
      outcomes[i].ticket = pushes_[i].ticket;
      outcomes[i].response.emplace().status = 200;
    }
    costs_of(Stage::pace_and_push).measure(pushes_.size(), [] {});  // its units
    pushes_.clear();
    costs_of(Stage::outcome).measure(outcomes.size(), [&] {
      for (apns::PushOutcome& one : outcomes) pipeline_.on_outcome(std::move(one), now_);
    });
    advance(Stage::record);
  }

  void answer_record() {
    wake::RecordBatch batch = *std::exchange(records_, std::nullopt);
    batch.outcome = {};
    const std::size_t count = batch.size();
    costs_of(Stage::record).measure(count, [&] { pipeline_.on_recorded(std::move(batch), now_); });
    recorded_ += count;
  }

  bool push(apns::Push& push) override {
    pushes_.push_back(std::move(push));
    return true;
  }
  void read(wake::DueRead read) override { read_ = std::move(read); }
  void record(wake::RecordBatch batch) override { records_ = std::move(batch); }

  wake::Moment now_{.wall = storage::Time(std::chrono::hours(480'000)),
                    .steady = Clock::SteadyTime(std::chrono::hours(1))};
  Log log_{{.level = LogLevel::error, .format = LogFormat::json}};
  std::array<std::deque<storage::DueWake>, storage::Partition::count> due_;
  std::vector<apns::Push> pushes_;
  std::optional<wake::DueRead> read_;
  std::optional<wake::RecordBatch> records_;
  std::size_t recorded_ = 0;
  std::array<UnitCosts, stages> costs_;
  wake::Pipeline pipeline_;
};

// What does each stage take of a wake's way through a lane, the store and APNs left out?
void BM_WakeStage(benchmark::State& state, Stage stage) {
  World world;
  for (auto _ : state) world.wake_all();
  world.costs_of(stage).report(state);
}
BENCHMARK_CAPTURE(BM_WakeStage, coalesce, Stage::coalesce);
BENCHMARK_CAPTURE(BM_WakeStage, pace_and_push, Stage::pace_and_push);
BENCHMARK_CAPTURE(BM_WakeStage, outcome, Stage::outcome);
BENCHMARK_CAPTURE(BM_WakeStage, record, Stage::record);

}  // namespace
}  // namespace reveille::bench

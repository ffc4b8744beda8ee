#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "wake_world.h"

// Random histories: devices get work, connect, change their tokens; operators ask; APNs fails in
// all its ways; the disk fails; clocks are set back; lanes crash. Work is urgent or bulk. Then the
// world heals, and nobody may have been forgotten; nor may either urgency have starved the other.
namespace reveille::wake {
namespace {

constexpr int devices = 24;
constexpr int flood = 300;
constexpr std::size_t few_of_other = 8;
// The store counts a push of the last ten seconds for new work; clocks that are set back and
// requests that are late stretch that.
constexpr std::chrono::seconds coalescing_and_lateness{10 + 3 + 12};

class PipelineHistoryTest : public testing::TestWithParam<unsigned>, protected PipelineWorld {
 protected:
  struct Device {
    std::optional<Clock::SteadyTime> queued_at;    // of the last work since it connected
    std::optional<Clock::SteadyTime> accepted_at;  // of the last push
    std::set<std::string> tokens;
  };

  PipelineHistoryTest() : random_(GetParam()) {
    options_.in_flight_max = 1 + below(40);
    options_.requests_max = 1 + below(20);
    if (below(2) == 0) options_.pushes_per_second_max = 1 + below(50);
    if (below(4) == 0) options_.topic_pushes_per_second_max = 1 + below(50);
    start(options_);
    for (int i = 0; i < devices; ++i) {
      fleet.enrol(name(i), now.wall, below(3) == 0 ? topic_b : topic_a);
      devices_[name(i)];
    }
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }
  static std::string name(std::size_t i) { return "device-" + std::to_string(i); }
  std::string any() { return name(below(devices)); }

  void enqueue_some() {
    const std::string id = any();
    const auto taken_at = now.wall - std::chrono::milliseconds(below(2) * below(3'000));
    const auto priority = any_priority();
    if (fleet.enqueue(id, taken_at, priority)) devices_[id].queued_at = now.steady;
    notify(id, priority);
  }

  // Rarely so many that they would fill every place.
  storage::Priority any_priority() {
    return below(3) == 0 ? storage::Priority::urgent : storage::Priority::bulk;
  }

  void connect_some() {
    const std::string id = any();
    fleet.connect(id, now.wall);  // nothing becomes due: nobody is notified
    devices_[id].queued_at.reset();
  }

  // The device was handed a command and owes its answer.
  void reschedule_some() {
    const std::string id = any();
    if (!fleet.has_work(id)) return;
    fleet.reschedule(id, now.wall + 60s, now.wall);
    devices_[id].queued_at = now.steady;  // and must be woken once more if it is silent
    devices_[id].accepted_at.reset();
    notify(id);
  }

  void update_token_some() {
    const std::string id = any();
    fleet.update_token(id, now.wall, "token of " + id);
    notify(id);
  }

  void request_some() {
    const auto priority = below(2) == 0 ? storage::Priority::urgent : storage::Priority::bulk;
    if (!pipeline->can_take_request(priority)) return;
    const std::string id = any();
    if (below(2) == 0) fleet.request(id, now.wall);
    ++requests_;
    storage::DueWake target = fleet.target(id);
    target.priority = priority;
    pipeline->request(std::move(target), reply_into(results_), now);
  }

  void answer_some() {
    if (pushes.empty()) return;
    static constexpr int statuses[] = {200, 200, 200, 200, 200, 503, 429, 410, 403, 0};
    const int status = statuses[below(std::size(statuses))];
    const bool is_rare = (status == 403 || status == 410) && below(4) != 0;
    answer_one(below(pushes.size()), is_rare ? 200 : status);
  }

  void answer_one(std::size_t position, int status) {
    apns::PushOutcome outcome;
    if (status != 0) outcome.response.emplace().status = status;
    const std::string id = answer_at(position, std::move(outcome));
    if (status == 200) devices_[id].accepted_at = now.steady;
  }

  // In the middle of anything.
  void crash() {
    requests_ = 0;
    results_.clear();
    start(options_);
  }

  void stop_and_start() {
    pipeline->close();
    settle();
    ASSERT_TRUE(pipeline->is_drained());
    pipeline->abandon("stopping");
    ASSERT_EQ(results_.size(), requests_) << "each request has one reply";
    crash();
  }

  void step() {
    switch (below(24)) {
      case 0:
      case 1:
      case 2:
        return enqueue_some();
      case 3:
        return connect_some();
      case 4:
        return reschedule_some();
      case 5:
        if (below(4) == 0) update_token_some();
        return;
      case 6:
        if (below(2) == 0) request_some();
        return;
      case 7:
      case 8:
      case 9:
        return answer_some();
      case 10:
      case 11:
      case 12:
        run_job();
        return;
      case 13:
        if (below(30) == 0) crash();
        return;
      case 14:
        if (below(30) == 0) stop_and_start();
        return;
      case 15:
        if (below(8) == 0) store_fails = !store_fails;
        return;
      case 16:
        if (below(8) == 0) client_is_full = !client_is_full;
        return;
      case 17:
        if (below(20) == 0) pipeline->resume_topics();
        return;
      case 18:
        if (below(50) == 0) step_clock_back();
        return;
      case 19:
        return pass(std::chrono::milliseconds(below(20'000)));
      default:
        pass(std::chrono::milliseconds(below(50)));
        pipeline->advance(now);
    }
  }

  void step_clock_back() {
    if (stepped_back_ >= 12s) return;
    const std::chrono::milliseconds step(below(4'000));
    now.wall -= step;
    stepped_back_ += step;
  }

  // One push of an enrolment at a time.
  void expect_no_doubles() {
    std::vector<std::string> ids = waiting();
    std::ranges::sort(ids);
    ASSERT_EQ(std::ranges::adjacent_find(ids), ids.end());
    ASSERT_LE(pipeline->gauges(now).in_flight, options_.in_flight_max);
  }

  // APNs and the disk work; nothing new happens but a needless notify() now and then.
  void heal() {
    store_fails = false;
    client_is_full = false;
    pipeline->resume_topics();
    pass(11s);  // what the disk refused is recorded again
    settle();
    for (int i = 0; i < devices; ++i) {
      if (!fleet.is_parked(name(i))) continue;
      fleet.update_token(name(i), now.wall, "token of " + name(i));
      notify(name(i));
    }
    std::map<std::string, std::vector<Clock::SteadyTime>> pushed_at;
    const auto end = now.steady + 25min;
    while (now.steady < end) {
      settle();
      while (!pushes.empty()) {
        const std::string id = waiting().front();
        answer_one(0, 200);
        auto& times = pushed_at[id];
        times.push_back(now.steady);
        // The first may have been under way, and the second be for what came after it.
        if (times.size() < 3) continue;
        ASSERT_GE(times.back() - times[times.size() - 2], 9s)
            << id << " is pushed more often than its schedule";
      }
      settle();
      if (below(3) == 0) notify(any());
      if (pushes.empty()) pass_to_next();
    }
  }

  // Nobody has work, and nothing is under way.
  void finish_all_work() {
    for (int i = 0; i < devices; ++i) fleet.connect(name(i), now.wall);
    for (int i = 0; i < 100 && (i == 0 || !pushes.empty()); ++i) {
      settle();
      while (!pushes.empty()) answer_one(0, 200);
      pass(1s);
    }
    pass(60s);
    settle();
  }

  // How many of a flood of one urgency are pushed before the last one of a few of the other, which
  // came behind the flood.
  std::size_t pushed_before_the_few(storage::Priority of_flood, storage::Priority of_few) {
    for (int i = 0; i < flood; ++i) {
      const std::string id = "flood-" + std::to_string(i);
      fleet.enrol(id, now.wall, below(3) == 0 ? topic_b : topic_a);
      fleet.enqueue(id, now.wall, of_flood);
      notify(id, of_flood);
    }
    settle();
    std::set<std::string> few;
    for (std::size_t i = 0; i < few_of_other; ++i) {
      few.insert(name(i));
      fleet.enqueue(name(i), now.wall, of_few);
      notify(name(i), of_few);
    }
    std::size_t of_flood_pushed = 0, seen = history.size();
    for (int i = 0; i < 4 * flood && !few.empty(); ++i) {
      if (pushes.empty()) pass_to_next();
      if (!pushes.empty()) answer_one(0, 200);
      settle();
      for (; seen < history.size() && !few.empty(); ++seen) {
        if (few.erase(history[seen]) == 0) ++of_flood_pushed;
      }
    }
    EXPECT_TRUE(few.empty());
    return of_flood_pushed;
  }

  std::mt19937_64 random_;
  WakeOptions options_;
  std::map<std::string, Device> devices_;
  std::vector<WakeResult> results_;
  std::size_t requests_ = 0;
  std::chrono::milliseconds stepped_back_{0};
};

TEST_P(PipelineHistoryTest, NobodyIsForgottenAndNobodyIsPushedMoreThanItsSchedule) {
  for (int i = 0; i < 6'000; ++i) {
    step();
    expect_no_doubles();
    if (HasFatalFailure()) return;
  }
  heal();
  if (HasFatalFailure()) return;
  int with_work = 0;
  for (int i = 0; i < devices; ++i) {
    const Device& device = devices_[name(i)];
    if (!fleet.has_work(name(i))) continue;
    ++with_work;
    ASSERT_TRUE(device.queued_at);
    ASSERT_TRUE(device.accepted_at) << name(i) << " was forgotten";
    EXPECT_GE(*device.accepted_at, *device.queued_at - coalescing_and_lateness)
        << name(i) << " was not woken for its last work";
  }
  EXPECT_GT(with_work, 0);
  EXPECT_EQ(results_.size(), requests_) << "each request has one reply";

  finish_all_work();
  if (below(2) == 0) {
    EXPECT_LE(pushed_before_the_few(storage::Priority::bulk, storage::Priority::urgent),
              few_of_other + 2)
        << "urgent wakes waited for a flood of bulk ones, in_flight_max " << options_.in_flight_max;
  } else {
    EXPECT_LE(pushed_before_the_few(storage::Priority::urgent, storage::Priority::bulk),
              8 * (few_of_other + 1) + options_.in_flight_max)
        << "bulk wakes waited for a flood of urgent ones, in_flight_max " << options_.in_flight_max;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineHistoryTest, testing::Range(1u, 41u));

}  // namespace
}  // namespace reveille::wake

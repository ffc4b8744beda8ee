#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dispatcher/wake/pipeline.h"
#include "storage/memory/memory_store.h"

namespace reveille::wake {

using namespace std::chrono_literals;

inline const std::string topic_a = "com.apple.mgmt.External.a";
inline const std::string topic_b = "com.apple.mgmt.External.b";

// A store with devices in it, and what they do.
class Fleet {
 public:
  explicit Fleet(storage::Store& store) : store_(store) {}

  void enrol(const std::string& id, storage::Time now, const std::string& topic = topic_a);
  void update_token(const std::string& id, storage::Time now, const std::string& token);
  // Queues a new command; answers whether it was.
  bool enqueue(const std::string& id, storage::Time now,
               storage::Priority priority = storage::Priority::bulk);
  void request(const std::string& id, storage::Time now);
  // Connects, does all its work, and goes.
  void connect(const std::string& id, storage::Time now);
  void reschedule(const std::string& id, std::optional<storage::Time> due_at, storage::Time now);

  // It was heard of, and has done nothing.
  void touch(const std::string& id, storage::Time now);

  storage::EnrolmentState state(const std::string& id);
  std::optional<storage::EndReason> end_reason(const std::string& id);
  storage::DueWake target(const std::string& id);
  storage::WakeState wake_state(const std::string& id);
  bool has_work(const std::string& id);
  bool is_parked(const std::string& id);

 private:
  storage::Store& store_;
  int commands_ = 0;
};

inline storage::Partition partition_of(const std::string& id) {
  return storage::partition_of(mdm::EnrolmentId(id));
}

// One pipeline over a memory store; the test turns the time and answers for APNs. Storage jobs run
// when run_job() says so, in their order.
class PipelineWorld : private PipelineEffects {
 public:
  PipelineWorld();

  void start(const WakeOptions& options);  // also again: the earlier one crashes
  bool run_job();                          // false: there is none
  // Until nothing moves by itself.
  void settle();
  void pass(std::chrono::milliseconds time);
  // To the next instant that the pipeline asked for, and settles.
  void pass_to_next();
  void notify(const std::string& id, storage::Priority priority = storage::Priority::bulk) {
    pipeline->notify(partition_of(id), priority);
  }

  // APNs answers the oldest push that waits; answers whom it was for.
  std::string answer(int status = 200, const std::string& reason = "");
  std::string answer_at(std::size_t position, apns::PushOutcome outcome);
  std::string leave_unanswered(const std::string& failure = "timed out");
  // Whose pushes wait for an answer, oldest first.
  std::vector<std::string> waiting() const;

  WakeReply reply_into(std::vector<WakeResult>& results);

  Moment now{storage::Time{std::chrono::milliseconds(1'700'000'000'000)}, Clock::SteadyTime{} + 1h};
  std::unique_ptr<storage::Store> store;
  Fleet fleet;
  Log log{{.level = LogLevel::error, .format = LogFormat::json}};
  std::unique_ptr<Pipeline> pipeline;

  std::deque<apns::Push> pushes;     // that wait for an answer
  std::vector<std::string> history;  // of everyone who was pushed
  std::string topic_of_client;       // empty: every topic
  std::size_t unsent_count = 0;      // pushes of other topics
  bool client_is_full = false, client_is_full_of_bulk = false;
  bool store_fails = false;
  std::set<std::string> damaged;  // whose due rows cannot be read
  std::set<std::string> unrecordable;
  std::size_t reads = 0, wakes_read = 0, records = 0;
  Clock::SteadyTime next{};

 private:
  bool push(apns::Push& push) override;
  bool fail_unsent();
  void read(DueRead read) override { jobs_.emplace_back(std::move(read)); }
  void record(RecordBatch batch) override { jobs_.emplace_back(std::move(batch)); }

  std::deque<std::variant<DueRead, RecordBatch>> jobs_;
  std::vector<std::uint64_t> unsent_;  // tickets
};

}  // namespace reveille::wake

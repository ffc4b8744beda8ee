#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/memory/memory_store.h"
#include "storage/rocksdb/rocksdb_store.h"
#include "storage/store.h"

// What the stores' tests share: a folder that goes away, messages, and the verbs of the field.
namespace reveille::storage::testing {

using namespace std::chrono_literals;

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline const Time start_of_test{std::chrono::milliseconds(1'700'000'000'000)};
inline const std::string topic = "com.apple.mgmt.External.7f1c";
inline const std::string secret_key(32, 'k');

mdm::EnrolmentId id(const std::string& text);
mdm::Authenticate authenticate_message(const mdm::EnrolmentId& device);
// Of a device, or of a user channel when the id holds ':'.
mdm::TokenUpdate token_update_message(const mdm::EnrolmentId& enrolment);
mdm::Command command(const std::string& uuid, const std::string& request_type = "RestartDevice");
Sha256 digest(char fill);

RocksdbOptions rocksdb_options(const std::filesystem::path& folder, const StoreOptions& options);

enum class Engine { memory, rocksdb };

class StoreContractTest : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { open(StoreOptions{}); }

  // A new, empty store.
  void open(const StoreOptions& options);
  Store& store() { return *store_; }
  void pass(std::chrono::milliseconds time) { now += time; }

  // Runs `work(transaction)` and commits; answers what `work` answered.
  template <typename Work>
  auto commit(Work work) {
    const std::unique_ptr<Transaction> transaction = store_->begin();
    auto answer = work(*transaction);
    EXPECT_TRUE(transaction->commit().has_value());
    return answer;
  }

  // ---- verbs; each is a transaction of its own ----

  Result<Enrolment> authenticate(const mdm::EnrolmentId& device, char certificate = 'c');
  Result<Enrolment> update_token(const mdm::EnrolmentId& enrolment);
  void enrol(const mdm::EnrolmentId& device);
  void end(const mdm::EnrolmentId& enrolment, EndReason reason);
  std::optional<Enrolment> find(const mdm::EnrolmentId& enrolment);

  Enqueued enqueue(const mdm::EnrolmentId& enrolment, const mdm::Command& queued);
  // The UUID of the command that is handed out, or `nothing`.
  std::string says_idle(const mdm::EnrolmentId& enrolment);
  std::string says_acknowledged(const mdm::EnrolmentId& enrolment, const mdm::Command& answered);
  std::string says_not_now(const mdm::EnrolmentId& enrolment, const mdm::Command& answered);
  Result<Recorded> report(const mdm::EnrolmentId& enrolment, const mdm::Command& answered,
                          mdm::Status status, const Bytes& body = "report");
  Result<void> cancel(const mdm::EnrolmentId& enrolment, const mdm::Command& cancelled);
  DeliveryState state_of(const mdm::EnrolmentId& enrolment, const mdm::Command& queued);

  std::vector<DueWake> due_wakes(const mdm::EnrolmentId& enrolment);  // of its partition, by now
  bool is_due(const mdm::EnrolmentId& enrolment);
  std::optional<Time> due_at(const mdm::EnrolmentId& enrolment);
  void record_wake(const DueWake& wake, WakeRecord::Outcome outcome,
                   std::chrono::milliseconds next_due_in = 60s);
  void push(const mdm::EnrolmentId& enrolment);  // what is due, and succeeds
  void connects(const mdm::EnrolmentId& enrolment);
  Enqueued request_wake(const mdm::EnrolmentId& enrolment, Priority priority = Priority::bulk);

  Time now = start_of_test;
  const mdm::EnrolmentId phone = id("PHONE-1");
  const mdm::EnrolmentId mac = id("MAC-2");
  const mdm::EnrolmentId user = id("MAC-2:USER-9");
  const mdm::Command restart = command("uuid-restart");
  const mdm::Command lock = command("uuid-lock", "DeviceLock");
  const mdm::Command list = command("uuid-list", "ProfileList");
  const std::string nothing;

 private:
  std::string hand_out(const mdm::EnrolmentId& enrolment, NotNow not_now);

  std::optional<TemporaryFolder> folder_;
  std::unique_ptr<Store> store_;
};

#define REVEILLE_ON_EVERY_ENGINE(suite)                                  \
  INSTANTIATE_TEST_SUITE_P(                                              \
      Stores, suite, ::testing::Values(Engine::memory, Engine::rocksdb), \
      [](const auto& engine) { return engine.param == Engine::memory ? "memory" : "rocksdb"; })

}  // namespace reveille::storage::testing

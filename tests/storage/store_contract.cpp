#include "tests/storage/store_contract.h"

#include <cstdlib>

#include "protocol/base/ensure.h"

namespace reveille::storage::testing {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "reveille-store-XXXXXX").string();
  ensure(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

mdm::EnrolmentId id(const std::string& text) { return mdm::EnrolmentId(text); }

mdm::Authenticate authenticate_message(const mdm::EnrolmentId& device) {
  mdm::Authenticate message;
  message.identity.enrolment = device;
  message.identity.device = device;
  message.topic = topic;
  message.serial_number = "C02-" + device.text();
  message.os_version = "17.4";
  return message;
}

mdm::TokenUpdate token_update_message(const mdm::EnrolmentId& enrolment) {
  mdm::TokenUpdate message;
  const std::string& text = enrolment.text();
  message.identity.enrolment = enrolment;
  message.identity.device = id(text.substr(0, text.find(':')));
  if (message.identity.is_user_channel()) {
    message.identity.kind = mdm::IdentityKind::user;
    message.identity.user_short_name = "ada";
  }
  message.topic = topic;
  message.push_token.bytes = "token of " + text;
  message.push_magic.text = "magic of " + text;
  return message;
}

mdm::Command command(const std::string& uuid, const std::string& request_type) {
  return {.uuid = {.text = uuid}, .request_type = request_type, .body = "<plist>" + uuid};
}

Sha256 digest(char fill) { return Sha256::from(std::string(32, fill)); }

RocksdbOptions rocksdb_options(const std::filesystem::path& folder, const StoreOptions& options) {
  return {.store = options,
          .folder = folder,
          .secret_key = secret_key,
          .block_cache_bytes = 1u << 20,
          .write_buffer_bytes = 2u << 20,
          .free_bytes_min = 0};
}

void StoreContractTest::open(const StoreOptions& options) {
  store_.reset();
  if (GetParam() == Engine::memory) {
    store_ = make_memory_store(options);
    return;
  }
  folder_.emplace();
  auto opened = open_rocksdb_store(rocksdb_options(folder_->path() / "store", options));
  ASSERT_TRUE(opened) << opened.error().detail;
  store_ = *std::move(opened);
}

Result<Enrolment> StoreContractTest::authenticate(const mdm::EnrolmentId& device,
                                                  char certificate) {
  return commit([&](Transaction& transaction) {
    return transaction.authenticate(authenticate_message(device), digest(certificate), now);
  });
}

Result<Enrolment> StoreContractTest::update_token(const mdm::EnrolmentId& enrolment) {
  return commit([&](Transaction& transaction) {
    return transaction.update_token(token_update_message(enrolment), now);
  });
}

void StoreContractTest::enrol(const mdm::EnrolmentId& device) {
  ASSERT_TRUE(authenticate(device));
  ASSERT_TRUE(update_token(device));
}

void StoreContractTest::end(const mdm::EnrolmentId& enrolment, EndReason reason) {
  ASSERT_TRUE(commit(
      [&](Transaction& transaction) { return transaction.end_enrolment(enrolment, reason, now); }));
}

std::optional<Enrolment> StoreContractTest::find(const mdm::EnrolmentId& enrolment) {
  return store_->begin()->find_enrolment(enrolment).value();
}

Enqueued StoreContractTest::enqueue(const mdm::EnrolmentId& enrolment, const mdm::Command& queued) {
  return commit([&](Transaction& transaction) {
    EXPECT_TRUE(transaction.put_command(queued, now));
    return transaction.enqueue(std::vector{enrolment}, queued.uuid, now).value().at(0);
  });
}

std::string StoreContractTest::hand_out(const mdm::EnrolmentId& enrolment, NotNow not_now) {
  return commit([&](Transaction& transaction) {
    const auto next = transaction.next_command(enrolment, not_now, now).value();
    return next ? next->uuid.text : nothing;
  });
}

std::string StoreContractTest::says_idle(const mdm::EnrolmentId& enrolment) {
  return hand_out(enrolment, NotNow::offer);
}

std::string StoreContractTest::says_acknowledged(const mdm::EnrolmentId& enrolment,
                                                 const mdm::Command& answered) {
  EXPECT_TRUE(report(enrolment, answered, mdm::Status::acknowledged));
  return hand_out(enrolment, NotNow::skip);
}

std::string StoreContractTest::says_not_now(const mdm::EnrolmentId& enrolment,
                                            const mdm::Command& answered) {
  EXPECT_TRUE(report(enrolment, answered, mdm::Status::not_now));
  return hand_out(enrolment, NotNow::skip);
}

Result<Recorded> StoreContractTest::report(const mdm::EnrolmentId& enrolment,
                                           const mdm::Command& answered, mdm::Status status,
                                           const Bytes& body) {
  return commit([&](Transaction& transaction) {
    return transaction.record_report(enrolment, answered.uuid, status, body, now);
  });
}

Result<void> StoreContractTest::cancel(const mdm::EnrolmentId& enrolment,
                                       const mdm::Command& cancelled) {
  return commit(
      [&](Transaction& transaction) { return transaction.cancel(enrolment, cancelled.uuid, now); });
}

DeliveryState StoreContractTest::state_of(const mdm::EnrolmentId& enrolment,
                                          const mdm::Command& queued) {
  return store_->begin()->find_delivery(enrolment, queued.uuid).value().value().state;
}

std::vector<DueWake> StoreContractTest::due_wakes(const mdm::EnrolmentId& enrolment) {
  return store_->begin()->due_wakes(partition_of(enrolment), {}, now, 100).value();
}

bool StoreContractTest::is_due(const mdm::EnrolmentId& enrolment) {
  for (const DueWake& wake : due_wakes(enrolment)) {
    if (wake.enrolment == enrolment) return true;
  }
  return false;
}

std::optional<Time> StoreContractTest::due_at(const mdm::EnrolmentId& enrolment) {
  return store_->begin()->wake_state(enrolment).value().value().due_at;
}

void StoreContractTest::record_wake(const DueWake& wake, WakeRecord::Outcome outcome,
                                    std::chrono::milliseconds next_due_in) {
  std::optional<Time> next_due_at = now + next_due_in;
  if (outcome == WakeRecord::Outcome::parked) next_due_at.reset();
  const WakeRecord record{.enrolment = wake.enrolment,
                          .generation = wake.generation,
                          .due_at = wake.due_at,
                          .outcome = outcome,
                          .next_due_at = next_due_at,
                          .apns_reason = {}};
  ASSERT_TRUE(commit([&](Transaction& transaction) {
    return transaction.record_wakes(std::vector{record}, now);
  }));
}

void StoreContractTest::push(const mdm::EnrolmentId& enrolment) {
  for (const DueWake& wake : due_wakes(enrolment)) {
    if (wake.enrolment == enrolment) return record_wake(wake, WakeRecord::Outcome::pushed);
  }
  FAIL() << enrolment.text() << " is not due";
}

void StoreContractTest::connects(const mdm::EnrolmentId& enrolment) {
  ASSERT_TRUE(commit([&](Transaction& transaction) {
    return transaction.reschedule_wake(enrolment, std::nullopt, now);
  }));
}

Enqueued StoreContractTest::request_wake(const mdm::EnrolmentId& enrolment, Priority priority) {
  return commit([&](Transaction& transaction) {
    return transaction.request_wakes(std::vector{enrolment}, now, priority).value().at(0);
  });
}

}  // namespace reveille::storage::testing

#include "wake_world.h"

#include <algorithm>
#include <utility>

namespace reveille::wake {
namespace {

std::vector<storage::Partition> all_partitions() {
  std::vector<storage::Partition> partitions;
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    partitions.push_back({index});
  }
  return partitions;
}

mdm::Identity device(const std::string& id) {
  mdm::Identity identity;
  identity.enrolment = mdm::EnrolmentId(id);
  identity.device = identity.enrolment;
  return identity;
}

template <typename Value>
void expect_done(const Result<Value>& result) {
  EXPECT_TRUE(result) << result.error().detail;
}

}  // namespace

void Fleet::enrol(const std::string& id, storage::Time now, const std::string& topic) {
  const auto transaction = store_.begin();
  mdm::Authenticate authenticate;
  authenticate.identity = device(id);
  authenticate.topic = topic;
  expect_done(transaction->authenticate(authenticate, storage::Sha256{}, now));
  mdm::TokenUpdate update;
  update.identity = device(id);
  update.topic = topic;
  update.push_token.bytes = "token of " + id;
  update.push_magic.text = "magic of " + id;
  expect_done(transaction->update_token(update, now));
  expect_done(transaction->commit());
}

void Fleet::update_token(const std::string& id, storage::Time now, const std::string& token) {
  const auto transaction = store_.begin();
  mdm::TokenUpdate update;
  update.identity = device(id);
  update.topic = transaction->find_enrolment(mdm::EnrolmentId(id)).value()->topic;
  update.push_token.bytes = token;
  update.push_magic.text = "magic of " + id;
  expect_done(transaction->update_token(update, now));
  expect_done(transaction->commit());
}

bool Fleet::enqueue(const std::string& id, storage::Time now, storage::Priority priority) {
  const auto transaction = store_.begin();
  mdm::Command command;
  command.uuid.text = "command-" + std::to_string(++commands_);
  command.request_type = "DeviceInformation";
  expect_done(transaction->put_command(command, now));
  const std::vector ids{mdm::EnrolmentId(id)};
  const auto enqueued = transaction->enqueue(ids, command.uuid, now, priority);
  expect_done(enqueued);
  expect_done(transaction->commit());
  return enqueued->front() == storage::Enqueued::queued;
}

void Fleet::request(const std::string& id, storage::Time now) {
  const auto transaction = store_.begin();
  const std::vector ids{mdm::EnrolmentId(id)};
  expect_done(transaction->request_wakes(ids, now));
  expect_done(transaction->commit());
}

void Fleet::connect(const std::string& id, storage::Time now) {
  const auto transaction = store_.begin();
  const mdm::EnrolmentId enrolment(id);
  auto not_now = storage::NotNow::offer;
  for (;;) {
    const auto command = transaction->next_command(enrolment, not_now, now);
    expect_done(command);
    if (!*command) break;
    expect_done(transaction->record_report(enrolment, (*command)->uuid, mdm::Status::acknowledged,
                                           "<plist/>", now));
    not_now = storage::NotNow::skip;
  }
  expect_done(transaction->reschedule_wake(enrolment, std::nullopt, now));
  expect_done(transaction->commit());
}

void Fleet::reschedule(const std::string& id, std::optional<storage::Time> due_at,
                       storage::Time now) {
  const auto transaction = store_.begin();
  expect_done(transaction->reschedule_wake(mdm::EnrolmentId(id), due_at, now));
  expect_done(transaction->commit());
}

void Fleet::touch(const std::string& id, storage::Time now) {
  const auto transaction = store_.begin();
  expect_done(transaction->touch(mdm::EnrolmentId(id), now));
  expect_done(transaction->commit());
}

storage::EnrolmentState Fleet::state(const std::string& id) {
  return store_.begin()->find_enrolment(mdm::EnrolmentId(id)).value()->state;
}

std::optional<storage::EndReason> Fleet::end_reason(const std::string& id) {
  return store_.begin()->find_enrolment(mdm::EnrolmentId(id)).value()->end_reason;
}

storage::DueWake Fleet::target(const std::string& id) {
  return *store_.begin()->push_target(mdm::EnrolmentId(id)).value();
}

storage::WakeState Fleet::wake_state(const std::string& id) {
  return *store_.begin()->wake_state(mdm::EnrolmentId(id)).value();
}

bool Fleet::has_work(const std::string& id) {
  return store_.begin()->queue_state(mdm::EnrolmentId(id)).value().ready > 0;
}

bool Fleet::is_parked(const std::string& id) {
  return store_.begin()->find_enrolment(mdm::EnrolmentId(id)).value()->push_parked;
}

PipelineWorld::PipelineWorld() : store(storage::make_memory_store({})), fleet(*store) {
  start(WakeOptions{});
}

void PipelineWorld::start(const WakeOptions& options) {
  jobs_.clear();
  pushes.clear();
  PipelineEffects& effects = *this;
  pipeline = std::make_unique<Pipeline>(std::uint8_t{3}, all_partitions(), options,
                                        std::uint64_t{1}, log, effects);
}

bool PipelineWorld::push(apns::Push& push) {
  if (client_is_full) return false;
  if (client_is_full_of_bulk && push.urgency == Urgency::bulk) return false;
  if (!topic_of_client.empty() && push.topic != topic_of_client) {
    unsent_.push_back(push.ticket);
    return true;
  }
  history.push_back(push.notification.push_token.bytes.substr(sizeof("token of ") - 1));
  pushes.push_back(std::move(push));
  return true;
}

bool PipelineWorld::run_job() {
  if (jobs_.empty()) return false;
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  const auto transaction = store->begin();
  if (auto* read = std::get_if<DueRead>(&job)) {
    ++reads;
    read->outcome = read_due(*transaction, *read, now.wall);
    if (store_fails) read->outcome = failure(ErrorCode::unavailable, "the disk is gone");
    for (DueRead::Part& part : read->parts) {
      wakes_read += part.wakes.size();
      for (storage::DueWake& wake : part.wakes) {
        if (damaged.contains(wake.enrolment.text())) wake.push_token.bytes.clear();
      }
    }
    pipeline->on_read(std::move(*read), now);
    return true;
  }
  auto& batch = std::get<RecordBatch>(job);
  batch.outcome = failure(ErrorCode::unavailable, "the disk is gone");
  const auto is_unrecordable = [&](const storage::WakeRecord& record) {
    return unrecordable.contains(record.enrolment.text());
  };
  if (std::ranges::any_of(batch.records(), is_unrecordable)) {
    batch.outcome = failure(ErrorCode::corrupt, "a row is damaged");
  } else if (!store_fails) {
    ++records;
    batch.outcome = batch.write(*transaction, now.wall);
    if (batch.outcome) batch.outcome = transaction->commit();
  }
  pipeline->on_recorded(std::move(batch), now);
  return true;
}

// What the client answers at once: it has no certificate for the push's topic.
bool PipelineWorld::fail_unsent() {
  const std::vector<std::uint64_t> tickets = std::exchange(unsent_, {});
  unsent_count += tickets.size();
  for (const std::uint64_t ticket : tickets) {
    apns::PushOutcome outcome;
    outcome.ticket = ticket;
    outcome.failure = "no push certificate for its topic";
    outcome.is_of_other_topic = true;
    pipeline->on_outcome(std::move(outcome), now);
  }
  return !tickets.empty();
}

void PipelineWorld::settle() {
  do {
    next = pipeline->advance(now);
  } while (fail_unsent() || run_job());
}

void PipelineWorld::pass(std::chrono::milliseconds time) {
  now.wall += time;
  now.steady += time;
}

void PipelineWorld::pass_to_next() {
  settle();
  if (next == Clock::SteadyTime::max()) return;  // waits for an answer alone
  if (next > now.steady) pass(std::chrono::ceil<std::chrono::milliseconds>(next - now.steady));
  settle();
}

std::string PipelineWorld::answer(int status, const std::string& reason) {
  apns::PushOutcome outcome;
  apns::Response response;
  response.status = status;
  response.reason_text = reason;
  response.reason = apns::parse_reason(reason);
  outcome.response = std::move(response);
  return answer_at(0, std::move(outcome));
}

std::string PipelineWorld::leave_unanswered(const std::string& failure) {
  apns::PushOutcome outcome;
  outcome.failure = failure;
  return answer_at(0, std::move(outcome));
}

std::string PipelineWorld::answer_at(std::size_t position, apns::PushOutcome outcome) {
  EXPECT_LT(position, pushes.size()) << "a push waits for an answer";
  if (position >= pushes.size()) return "";
  const std::string id = waiting()[position];
  outcome.ticket = pushes[position].ticket;
  pushes.erase(pushes.begin() + static_cast<std::ptrdiff_t>(position));
  pipeline->on_outcome(std::move(outcome), now);
  return id;
}

std::vector<std::string> PipelineWorld::waiting() const {
  std::vector<std::string> ids;
  for (const apns::Push& push : pushes) {
    ids.push_back(push.notification.push_token.bytes.substr(sizeof("token of ") - 1));
  }
  return ids;
}

WakeReply PipelineWorld::reply_into(std::vector<WakeResult>& results) {
  return [&results](WakeResult result) { results.push_back(std::move(result)); };
}

}  // namespace reveille::wake

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <tuple>

#include "tests/storage/store_contract.h"

// Thousands of random operations on the model and on RocksDB: every answer and every state must be
// the same, also after RocksDB is closed and opened again.
// A failure prints its seed; REVEILLE_STORE_SEED=<seed> repeats it.
namespace reveille::storage::testing {
namespace {

// ---- answers as text ----

std::string text_of(Time time) { return std::to_string(time.time_since_epoch().count()); }

std::string text_of(const Enrolment& enrolment) {
  std::ostringstream text;
  text << enrolment.identity.enrolment.text() << " life " << enrolment.generation << ' '
       << name_of(enrolment.state) << ' '
       << (enrolment.end_reason ? name_of(*enrolment.end_reason) : "-") << " certificate "
       << enrolment.certificate.bytes[0] << " previous "
       << (enrolment.previous_certificate ? enrolment.previous_certificate->bytes[0] : '-') << ' '
       << text_of(enrolment.previous_certificate_until) << ' ' << enrolment.serial_number << ' '
       << enrolment.has_push_token << enrolment.push_parked << enrolment.awaiting_configuration
       << ' ' << enrolment.token_update_tally << ' ' << text_of(enrolment.authenticated_at) << ' '
       << text_of(enrolment.token_updated_at) << ' ' << text_of(enrolment.ended_at);
  return text.str();
}

std::string text_of(const mdm::Command& command) { return command.uuid.text + ' ' + command.body; }
std::string text_of(const Bytes& bytes) { return bytes; }
std::string text_of(const Sha256& digest) { return Bytes(digest.view()); }
std::string text_of(const mdm::EnrolmentId& id) { return id.text(); }
std::string text_of(Enqueued enqueued) { return std::to_string(static_cast<int>(enqueued)); }

std::string text_of(const Recorded& recorded) {
  return std::to_string(static_cast<int>(recorded.kind)) + ' ' + recorded.request_type;
}

std::string text_of(const ResultSize& size) {
  return std::to_string(size.bytes) + " bytes in " + std::to_string(size.pieces);
}

std::string text_of(const QueueState& state) {
  return std::to_string(state.ready) + " ready " + std::to_string(state.put_off) + " put off";
}

std::string text_of(const Delivery& delivery) {
  std::ostringstream text;
  text << delivery.command.text << ' ' << delivery.request_type << ' ' << name_of(delivery.state)
       << ' ' << delivery.times_sent << ' ' << delivery.times_not_now << ' '
       << text_of(delivery.queued_at) << ' ' << text_of(delivery.sent_at) << ' '
       << text_of(delivery.ended_at) << ' ' << delivery.final_status << ' '
       << (delivery.batch ? delivery.batch->text : "-") << ' ' << text_of(delivery.expires_at);
  return text.str();
}

std::string text_of(const DueWake& wake) {
  return wake.enrolment.text() + ' ' + std::to_string(wake.generation) + ' ' +
         text_of(wake.due_at) + ' ' + std::to_string(wake.attempts) + ' ' +
         text_of(wake.first_pushed_at) + ' ' + wake.topic + ' ' + wake.push_token.bytes + ' ' +
         wake.push_magic.text + ' ' + text_of(wake.token_updated_at) + ' ' +
         name_of(wake.priority) + ' ' + (wake.is_parked ? "parked " : "") +
         text_of(wake.last_seen_at) + ' ' +
         (wake.work_expires_at ? text_of(*wake.work_expires_at) : "-");
}

// Read page by page. Wakes of one time come in an order of the store's own: here in that of ids.
std::vector<DueWake> all_due(Transaction& transaction, Partition partition, Time now,
                             std::size_t page_max) {
  std::vector<DueWake> due;
  for (WakeCursor cursor;;) {
    std::vector<DueWake> page = transaction.due_wakes(partition, cursor, now, page_max).value();
    if (page.empty()) break;
    cursor = cursor_at(page.back());
    std::ranges::move(page, std::back_inserter(due));
  }
  const auto place = [](const DueWake& wake) {
    return std::tuple(wake.priority, wake.due_at, wake.enrolment);
  };
  EXPECT_TRUE(std::ranges::is_sorted(
      due, {}, [](const DueWake& wake) { return std::pair(wake.priority, wake.due_at); }));
  std::ranges::sort(due, {}, place);
  return due;
}

std::string text_of(const WakeState& state) {
  return (state.due_at ? text_of(*state.due_at) : "-") + ' ' + std::to_string(state.attempts) +
         ' ' + text_of(state.first_pushed_at) + ' ' + text_of(state.last_pushed_at) + ' ' +
         state.last_apns_reason + ' ' + text_of(state.last_seen_at) + ' ' + name_of(state.priority);
}

std::string text_of(const PushCertificateRecord& record) {
  return record.topic + ' ' + record.certificate_pem;
}

std::string text_of(const Counts& counts) {
  std::ostringstream text;
  text << counts.enrolments_pending << ' ' << counts.enrolments_enrolled << ' '
       << counts.enrolments_ended << ' ' << counts.deliveries_live << ' '
       << counts.deliveries_acknowledged << ' ' << counts.deliveries_failed << ' '
       << counts.deliveries_cancelled << ' ' << counts.deliveries_expired << ' '
       << counts.deliveries_voided << ' ' << counts.commands;
  return text.str();
}

std::string text_of(const BatchId& batch) { return batch.text; }

std::string text_of(const Batch& batch) {
  std::ostringstream text;
  text << batch.id.text << ' ' << batch.command.text << ' ' << name_of(batch.audience) << ' '
       << batch.audience_ids << ' ' << batch.rate_per_second << ' ' << text_of(batch.expires_at)
       << ' ' << name_of(batch.priority) << ' ' << name_of(batch.state) << ' '
       << text_of(batch.created_at) << ' ' << text_of(batch.changed_at);
  return text.str();
}

std::string text_of(const BatchStep& step) {
  std::ostringstream text;
  text << name_of(step.state) << ' ' << name_of(step.phase) << ' ' << step.walked << " walked "
       << step.queued << " queued " << step.ended << " ended";
  return text.str();
}

std::string text_of(const BatchCounts& counts) {
  std::ostringstream text;
  text << counts.audience << ' ' << counts.unexpanded << " skipped " << counts.not_found << ' '
       << counts.not_enrolled << ' ' << counts.queue_full << ' ' << counts.already_queued
       << " live " << counts.live << " ended " << counts.acknowledged << ' ' << counts.failed << ' '
       << counts.cancelled << ' ' << counts.expired << ' ' << counts.voided;
  for (const std::uint8_t partitions : counts.partitions) text << " / " << int{partitions};
  return text.str();
}

template <typename Value>
std::string text_of(const std::optional<Value>& value) {
  return value ? text_of(*value) : "none";
}

template <typename Value>
std::string text_of(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) text += "[" + text_of(value) + "]";
  return text;
}

template <typename Value>
std::string text_of(const Result<Value>& result) {
  if (!result) return std::string("error ") + name_of(result.error().code);
  if constexpr (std::is_void_v<Value>) {
    return "done";
  } else {
    return text_of(*result);
  }
}

// ---- operations ----

// One operation with all its arguments drawn from its own seed, so that two stores get the same.
class Operation {
 public:
  // `opening` counts how often the engine was opened: uploads of an earlier one are gone.
  Operation(std::uint64_t seed, Time now, std::size_t opening)
      : random_(seed), now_(now), opening_(opening) {}

  // Does it; answers what it was and what came of it.
  std::string perform(Transaction& transaction) {
    switch (draw(32)) {
      case 0:
        return enrol(transaction);
      case 1:
        return "token " + text_of(transaction.update_token(token_update(), now_));
      case 2:
        return end(transaction);
      case 3:
        return "touch " + text_of(transaction.touch(any_id(), now_));
      case 4:
        return certificates(transaction);
      case 5:
        return challenges(transaction);
      case 6:
        return wakes(transaction);
      case 7:
        return wakes(transaction);
      case 8:
        return "request " + text_of(transaction.request_wakes(
                                any_ids(), now_, draw(2) == 0 ? Priority::urgent : Priority::bulk));
      case 9:
        return reschedule(transaction);
      case 10:
        return "cancel " + text_of(transaction.cancel(any_id(), any_command().uuid, now_));
      case 11:
        return put_other_bytes(transaction);
      case 12:
      case 13:
      case 14:
      case 15:
        return enqueue(transaction);
      case 16:
      case 17:
      case 18:
        return next(transaction);
      case 22:
      case 23:
        return upload(transaction);
      case 24:
      case 25:
        return order(transaction);
      case 26:
        return "state " + text_of(transaction.set_batch_state(any_batch(), any_state(), now_));
      case 27:
      case 28:
      case 29:
      case 30:
      case 31:
        return advance(transaction);
      default:
        return report(transaction);
    }
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  char digit(std::uint64_t below) { return static_cast<char>('0' + draw(below)); }

  mdm::EnrolmentId any_id() {
    static const std::vector<std::string> ids{"A", "A:1", "A:2", "AB", "B", "B:1", "ghost"};
    return id(ids[draw(ids.size())]);
  }
  std::vector<mdm::EnrolmentId> any_ids() {
    std::vector<mdm::EnrolmentId> ids(draw(4) + 1);
    for (mdm::EnrolmentId& each : ids) each = any_id();
    return ids;
  }
  mdm::Command any_command() {
    const char letter = static_cast<char>('a' + draw(14));
    return command(std::string("uuid-") + letter,
                   letter == 'n' ? "DeviceConfigured" : "RestartDevice");
  }
  Sha256 any_digest() { return digest(digit(6)); }

  mdm::TokenUpdate token_update() {
    mdm::TokenUpdate message = token_update_message(any_id());
    message.push_token.bytes += digit(10);
    if (draw(20) == 0) message.topic = "another topic";
    if (draw(3) == 0) message.unlock_token = "unlock";
    if (draw(3) == 0) message.awaiting_configuration = true;
    return message;
  }

  std::string enrol(Transaction& transaction) {
    const mdm::EnrolmentId device = any_id();
    std::string text = "authenticate " + text_of(transaction.authenticate(
                                             authenticate_message(device), any_digest(), now_));
    if (draw(4) == 0) return text;
    return text + " token " + text_of(transaction.update_token(token_update_message(device), now_));
  }

  std::string end(Transaction& transaction) {
    if (draw(3) != 0) return "find " + text_of(transaction.find_enrolment(any_id()));
    static const std::vector reasons{EndReason::checked_out, EndReason::erased,
                                     EndReason::unreachable, EndReason::removed};
    const EndReason reason = reasons[draw(reasons.size())];
    return "end " + text_of(transaction.end_enrolment(any_id(), reason, now_));
  }

  std::string certificates(Transaction& transaction) {
    switch (draw(6)) {
      case 0: {
        // A certificate renews only one with a smaller digit: no loops.
        IssuedCertificate issued;
        const char own = digit(6);
        issued.sha256 = digest(own);
        if (own > '0' && draw(2) == 0) issued.renews = digest(static_cast<char>(own - 1));
        return "record " + text_of(transaction.record_certificate(issued));
      }
      case 1:
        return "bind " + text_of(transaction.bind_certificate(any_digest(), any_id()));
      case 2: {
        const PushCertificateRecord record{.topic = std::string("topic") + digit(2),
                                           .certificate_pem = std::string("pem") + digit(9),
                                           .not_after = now_,
                                           .stored_at = now_};
        return "push certificate " + text_of(transaction.put_push_certificate(record)) +
               text_of(transaction.push_certificates());
      }
      case 3:
        return "replace " +
               text_of(transaction.replace_certificate(any_id(), any_digest(), now_ + 1h));
      case 4:
        return "first " + text_of(transaction.first_of_line(any_digest()));
      default:
        return "bound " + text_of(transaction.bound_device(any_digest()));
    }
  }

  std::string challenges(Transaction& transaction) {
    if (draw(2) == 0) {
      return "challenge " + text_of(transaction.add_challenge(any_digest(), now_ + 100s));
    }
    const Sha256 challenge = any_digest(), public_key = any_digest();
    const std::string certificate = std::string("certificate") + digit(9);
    return "spend " +
           text_of(transaction.spend_challenge(challenge, public_key, certificate, now_));
  }

  std::string wakes(Transaction& transaction) {
    const Partition partition = partition_of(any_id());
    const std::vector<DueWake> due = all_due(transaction, partition, now_, 1 + draw(4));
    std::string text = "wakes " + text_of(due) + text_of(transaction.next_due_at(partition, {}));
    std::vector<WakeRecord> records;
    for (const DueWake& wake : due) {
      if (draw(2) == 0) continue;
      WakeRecord record{.enrolment = wake.enrolment,
                        .generation = wake.generation,
                        .due_at = wake.due_at,
                        .outcome = WakeRecord::Outcome::pushed,
                        .next_due_at = maybe_soon(),
                        .apns_reason = {}};
      const std::uint64_t outcome = draw(8);
      if (outcome == 0) record.outcome = WakeRecord::Outcome::parked;
      if (outcome == 1) record.outcome = WakeRecord::Outcome::postponed;
      if (outcome == 2) record.outcome = WakeRecord::Outcome::unreachable;
      if (outcome < 2) record.apns_reason = "reason";
      if (draw(10) == 0) record.due_at += 1ms;
      if (draw(10) == 0) ++record.generation;
      records.push_back(record);
    }
    return text + " recorded " + text_of(transaction.record_wakes(records, now_));
  }

  std::string reschedule(Transaction& transaction) {
    return "reschedule " + text_of(transaction.reschedule_wake(any_id(), maybe_soon(), now_));
  }

  std::optional<Time> maybe_soon() {
    if (draw(3) == 0) return std::nullopt;
    return now_ + std::chrono::seconds(draw(60));
  }

  std::string put_other_bytes(Transaction& transaction) {
    mdm::Command other = any_command();
    if (draw(2) == 0) other.body = "other bytes";
    return "put " + text_of(transaction.put_command(other, now_)) +
           text_of(transaction.find_command(other.uuid));
  }

  std::string enqueue(Transaction& transaction) {
    const mdm::Command queued = any_command();
    if (draw(3) != 0) static_cast<void>(transaction.put_command(queued, now_));
    const Priority priority = draw(4) == 0 ? Priority::urgent : Priority::bulk;
    return "enqueue " + text_of(transaction.enqueue(any_ids(), queued.uuid, now_, priority));
  }

  std::string next(Transaction& transaction) {
    const NotNow not_now = draw(2) == 0 ? NotNow::offer : NotNow::skip;
    return "next " + text_of(transaction.next_command(any_id(), not_now, now_));
  }

  // Mostly what was handed out is answered.
  std::string report(Transaction& transaction) {
    const mdm::EnrolmentId enrolment = any_id();
    mdm::CommandUuid answered = any_command().uuid;
    std::string text;
    if (draw(4) != 0) {
      const auto handed_out = transaction.next_command(enrolment, NotNow::skip, now_);
      text = "next " + text_of(handed_out) + ' ';
      if (handed_out && *handed_out) answered = (*handed_out)->uuid;
    }
    static const std::vector statuses{mdm::Status::acknowledged, mdm::Status::not_now,
                                      mdm::Status::not_now, mdm::Status::error,
                                      mdm::Status::command_format_error};
    const mdm::Status status = statuses[draw(statuses.size())];
    const Bytes short_body = std::string("report") + digit(10);
    ReportBody body = short_body;
    if (draw(3) == 0) {
      body = any_upload();
      text += put_piece(transaction, enrolment, answered, *body.upload(), 0);
    }
    return text + "report " +
           text_of(transaction.record_report(enrolment, answered, status, body, now_));
  }

  UploadId any_upload() { return {.number = 10 * opening_ + draw(3)}; }

  std::string put_piece(Transaction& transaction, const mdm::EnrolmentId& enrolment,
                        const mdm::CommandUuid& command, UploadId upload, std::uint32_t piece) {
    const Bytes bytes = std::string("piece") + digit(10);
    return "piece " +
           text_of(transaction.put_report_piece(enrolment, command, upload, piece, bytes));
  }

  // For a command that another answer may end meanwhile.
  std::string upload(Transaction& transaction) {
    if (draw(5) == 0) return "drop " + text_of(transaction.drop_upload(any_id(), any_upload()));
    return put_piece(transaction, any_id(), any_command().uuid, any_upload(),
                     static_cast<std::uint32_t>(draw(3)));
  }

  BatchId any_batch() { return {.text = std::string("batch-") + static_cast<char>('a' + draw(20))}; }
  BatchState any_state() {
    static const std::vector states{BatchState::running, BatchState::running, BatchState::paused,
                                    BatchState::cancelled};
    return states[draw(states.size())];
  }

  // An order whose audience, when it has one, is stored before it in the same transaction.
  std::string order(Transaction& transaction) {
    const mdm::Command ordered = any_command();
    if (draw(3) != 0) static_cast<void>(transaction.put_command(ordered, now_));
    Batch batch{.id = any_batch(), .command = ordered.uuid};
    batch.audience = static_cast<AudienceKind>(draw(4) + 1);
    batch.rate_per_second = static_cast<std::uint32_t>(draw(2));
    if (draw(2) == 0) batch.expires_at = now_ + std::chrono::seconds(draw(300));
    if (draw(3) == 0) batch.priority = Priority::urgent;
    if (batch.audience == AudienceKind::ids) {
      // Not for an order that is refused, nor for one that is known: its audience stays.
      if (!transaction.find_command(ordered.uuid).value()) return "order of nothing";
      if (transaction.find_batch(batch.id).value()) return "order again";
      std::set<Partition> partitions;
      for (const mdm::EnrolmentId& device : {id("A"), id("AB"), id("B"), id("ghost")}) {
        partitions.insert(partition_of(device));
      }
      for (const Partition partition : partitions) {
        batch.audience_ids += put_audience(transaction, batch.id, partition);
      }
    }
    return "order " + text_of(transaction.put_batch(batch, now_));
  }

  std::size_t put_audience(Transaction& transaction, const BatchId& batch, Partition partition) {
    std::size_t put = 0;
    for (std::uint32_t chunk = 0; chunk < 2; ++chunk) {
      std::vector<mdm::EnrolmentId> ids = any_ids();
      std::erase_if(ids, [&](const auto& each) { return partition_of(each) != partition; });
      if (ids.empty()) break;
      static_cast<void>(transaction.put_audience(batch, partition, chunk, ids));
      put += ids.size();
    }
    return put;
  }

  std::string advance(Transaction& transaction) {
    const BatchId batch = any_batch();
    const Partition partition = partition_of(any_id());
    const auto step = transaction.advance_batch(partition, batch, draw(4), now_);
    const auto counts = transaction.batch_counts(batch);
    EXPECT_TRUE(!counts || counts->add_up());
    return "advance " + text_of(step) + ' ' + text_of(counts);
  }

  std::mt19937_64 random_;
  Time now_;
  std::size_t opening_;
};

// Every batch's counts add up, and all that lives in queues and came from batches is in them.
void expect_batches_add_up(Store& store) {
  const auto transaction = store.begin();
  std::uint64_t live = 0, live_in_queues = 0;
  const auto batches = transaction->list_batches({}, 100).value();
  for (const Batch& batch : batches) {
    const BatchCounts counts = transaction->batch_counts(batch.id).value();
    EXPECT_TRUE(counts.add_up()) << batch.id.text << ' ' << text_of(counts);
    live += counts.live;
  }
  const auto enrolments = transaction->list_enrolments({}, 100).value();
  for (const Enrolment& enrolment : enrolments) {
    const auto deliveries = transaction->deliveries(enrolment.identity.enrolment, 100).value();
    for (const Delivery& delivery : deliveries) {
      if (delivery.batch && !is_end_state(delivery.state)) ++live_in_queues;
    }
  }
  EXPECT_EQ(live, live_in_queues);
}

// ---- whole states ----

std::string state_of(Store& store, Time now) {
  std::ostringstream text;
  text << text_of(store.counts()) << '\n';
  const auto transaction = store.begin();
  const auto enrolments = transaction->list_enrolments({}, 100);
  text << text_of(enrolments) << '\n';
  for (const Enrolment& enrolment : enrolments.value()) {
    const mdm::EnrolmentId& enrolled = enrolment.identity.enrolment;
    const auto deliveries = transaction->deliveries(enrolled, 100);
    text << text_of(deliveries) << text_of(transaction->deliveries(enrolled, 3))
         << text_of(transaction->queue_state(enrolled))
         << text_of(transaction->wake_state(enrolled))
         << text_of(transaction->push_target(enrolled)) << '\n';
    for (const Delivery& delivery : deliveries.value()) {
      text << text_of(transaction->find_delivery(enrolled, delivery.command))
           << text_of(transaction->find_result(enrolled, delivery.command))
           << text_of(transaction->result_size(enrolled, delivery.command))
           << text_of(transaction->result_piece(enrolled, delivery.command, 1)) << '\n';
    }
  }
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    const Partition partition{.index = index};
    text << text_of(transaction->unfinished_batches(partition, {}, 100))
         << text_of(all_due(*transaction, partition, now, 3))
         << text_of(transaction->next_due_at(partition, {})) << '\n';
  }
  const auto batches = transaction->list_batches({}, 100).value();
  text << text_of(batches) << '\n';
  for (const Batch& batch : batches) {
    text << batch.id.text << ' ' << text_of(transaction->batch_counts(batch.id)) << '\n';
  }
  for (char fill = '0'; fill < '6'; ++fill)
    text << text_of(transaction->bound_device(digest(fill)));
  text << text_of(transaction->push_certificates());
  return text.str();
}

class RandomHistoryTest : public ::testing::Test {
 protected:
  RandomHistoryTest() {
    options_.queue_commands_max = 5;
    options_.last_seen_resolution = 60s;
    model_ = make_memory_store(options_);
    reopen();
  }

  void reopen() {
    engine_.reset();
    RocksdbOptions options = rocksdb_options(folder_.path(), options_);
    // So few that most queues have some behind their schedule; another number each time.
    options.deliveries_in_row_max = 1 + ++openings_ % 3;
    auto opened = open_rocksdb_store(options);
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = *std::move(opened);
  }

  // A few operations in one transaction of each store, committed or dropped.
  void one_transaction(std::mt19937_64& random, std::string& history) {
    const auto of_model = model_->begin();
    const auto of_engine = engine_->begin();
    const std::uint64_t operations = random() % 4 + 1;
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t seed = random();
      const std::string expected = Operation(seed, now_, openings_).perform(*of_model);
      history += text_of(now_) + ' ' + expected + '\n';
      ASSERT_EQ(Operation(seed, now_, openings_).perform(*of_engine), expected) << history;
    }
    const bool dropped = random() % 10 == 0;
    history += dropped ? "dropped\n" : "committed\n";
    if (dropped) return;
    ASSERT_TRUE(of_model->commit());
    const auto committed = of_engine->commit();
    ASSERT_TRUE(committed) << committed.error().detail;
  }

  void live(std::uint64_t seed, int transactions) {
    SCOPED_TRACE("REVEILLE_STORE_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::string history;
    for (int step = 1; step <= transactions; ++step) {
      if (random() % 3 != 0) now_ += std::chrono::milliseconds(random() % 8'000);
      one_transaction(random, history);
      if (HasFatalFailure()) return;
      if (step % 400 == 0) reopen();
      if (step % 10 == 0) expect_batches_add_up(*engine_);
      if (step % 50 == 0) {
        ASSERT_EQ(state_of(*engine_, now_), state_of(*model_, now_)) << history;
      }
      if (history.size() > 20'000) history.erase(0, 10'000);
    }
  }

 private:
  StoreOptions options_;
  TemporaryFolder folder_;
  std::unique_ptr<Store> model_;
  std::unique_ptr<Store> engine_;
  std::size_t openings_ = 0;
  Time now_ = start_of_test;
};

class RandomHistoryOfSeedTest : public RandomHistoryTest,
                                public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RandomHistoryOfSeedTest, TheEngineAnswersAsTheModelDoes) { live(GetParam(), 1'500); }

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistoryOfSeedTest,
                         ::testing::Values(1, 2, 3, 20'260'101, 0xfeedu, 77'777));

TEST_F(RandomHistoryTest, AnotherSeedEachTime) {
  const char* given = std::getenv("REVEILLE_STORE_SEED");
  live(given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()(), 1'500);
}

}  // namespace
}  // namespace reveille::storage::testing

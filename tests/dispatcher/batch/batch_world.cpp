#include "tests/dispatcher/batch/batch_world.h"

#include <algorithm>
#include <utility>

namespace reveille::batch {
namespace {

template <typename Value>
void expect_done(const Result<Value>& result) {
  EXPECT_TRUE(result) << result.error().detail;
}

mdm::EnrolmentId device(std::size_t number) {
  return mdm::EnrolmentId("device-" + std::to_string(number));
}

storage::Batch new_batch(const std::string& id,
                         const std::function<void(storage::Batch&)>& change) {
  storage::Batch batch;
  batch.id.text = id;
  batch.command.text = "command of " + id;
  batch.audience = storage::AudienceKind::all;
  if (change) change(batch);
  return batch;
}

void put_command(storage::Transaction& transaction, const storage::Batch& batch,
                 storage::Time now) {
  mdm::Command command;
  command.uuid = batch.command;
  command.request_type = "DeviceInformation";
  command.body = "body of " + batch.id.text;
  expect_done(transaction.put_command(command, now));
}

}  // namespace

void Fleet::run(const std::function<void(storage::Transaction&)>& work) {
  const auto transaction = store_.begin();
  work(*transaction);
  expect_done(transaction->commit());
}

void Fleet::enrol(std::size_t count, storage::Time now) {
  run([&](storage::Transaction& transaction) {
    for (std::size_t i = 0; i < count; ++i) {
      mdm::Authenticate authenticate;
      authenticate.identity.enrolment = device(devices_++);
      authenticate.identity.device = authenticate.identity.enrolment;
      authenticate.topic = "com.apple.mgmt.External.test";
      expect_done(transaction.authenticate(authenticate, storage::Sha256{}, now));
      mdm::TokenUpdate update;
      update.identity = authenticate.identity;
      update.topic = authenticate.topic;
      update.push_token.bytes = "token of " + authenticate.identity.enrolment.text();
      update.push_magic.text = "magic";
      expect_done(transaction.update_token(update, now));
    }
  });
}

storage::BatchId Fleet::put(const std::string& id, storage::Time now,
                            const std::function<void(storage::Batch&)>& change) {
  const storage::Batch batch = new_batch(id, change);
  run([&](storage::Transaction& transaction) { put_command(transaction, batch, now); });
  run([&](storage::Transaction& transaction) { expect_done(transaction.put_batch(batch, now)); });
  return batch.id;
}

storage::BatchId Fleet::put_for(const std::string& id, std::size_t devices, storage::Time now,
                                const std::function<void(storage::Batch&)>& change) {
  std::map<std::uint8_t, std::vector<mdm::EnrolmentId>> shares;
  for (std::size_t i = 0; i < devices; ++i) {
    shares[storage::partition_of(device(i)).index].push_back(device(i));
  }
  run([&](storage::Transaction& transaction) {
    for (auto& [index, ids] : shares) {
      std::ranges::sort(ids);
      expect_done(transaction.put_audience({id}, {index}, 0, ids));
    }
  });
  return put(id, now, [&](storage::Batch& batch) {
    batch.audience = storage::AudienceKind::ids;
    batch.audience_ids = devices;
    if (change) change(batch);
  });
}

void Fleet::set(const storage::BatchId& batch, storage::BatchState state, storage::Time now) {
  run([&](storage::Transaction& transaction) {
    expect_done(transaction.set_batch_state(batch, state, now));
  });
}

void Fleet::answer_all(storage::Time now) {
  run([&](storage::Transaction& transaction) {
    for (std::size_t i = 0; i < devices_; ++i) {
      for (;;) {
        const auto command = transaction.next_command(device(i), storage::NotNow::offer, now);
        expect_done(command);
        if (!*command) break;
        expect_done(transaction.record_report(device(i), (*command)->uuid,
                                              mdm::Status::acknowledged, "<plist/>", now));
      }
    }
  });
}

storage::Batch Fleet::batch(const storage::BatchId& id) {
  return store_.begin()->find_batch(id).value().value();
}

storage::BatchCounts Fleet::counts(const storage::BatchId& id) {
  const storage::BatchCounts counts = store_.begin()->batch_counts(id).value();
  EXPECT_TRUE(counts.add_up());
  return counts;
}

std::map<std::string, std::size_t> Fleet::deliveries(const storage::BatchId& id) {
  std::map<std::string, std::size_t> found;
  const auto transaction = store_.begin();
  for (std::size_t i = 0; i < devices_; ++i) {
    const auto all = transaction->deliveries(device(i), 10'000).value();
    for (const storage::Delivery& delivery : all) {
      if (delivery.batch == id) ++found[device(i).text()];
    }
  }
  return found;
}

// ---- the world ----

BatchWorld::BatchWorld(std::size_t lane_count, const ExpanderOptions& expander_options)
    : lanes(lane_count), options(expander_options) {
  restart();
}

void BatchWorld::restart() {
  std::array<std::size_t, storage::Partition::count> lane_of{};
  for (std::size_t i = 0; i < lane_of.size(); ++i) lane_of[i] = i % lanes;
  expansion = std::make_unique<Expansion>(options, lanes, lane_of);
  const auto transaction = store->begin();
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    const auto ids = transaction->unfinished_batches({index}, {}, 100'000).value();
    Partitions there;
    there.set(index);
    for (const storage::BatchId& id : ids) {
      expansion->found(transaction->find_batch(id).value().value(), there, now());
    }
  }
}

void BatchWorld::tell(const storage::BatchId& batch) {
  expansion->changed(fleet.batch(batch), now());
}

ChunkResult BatchWorld::carry(const Chunk& chunk) {
  ChunkResult result;
  result.chunk = chunk;
  const auto transaction = store->begin();
  result.outcome = carry_out(result, *transaction, clock);
  if (result.outcome) result.outcome = transaction->commit();
  turns.push_back(chunk.batch.text);
  sizes.push_back(result.queued);
  return result;
}

Chunk BatchWorld::take(std::size_t lane) {
  std::optional<Chunk> chunk = expansion->next(lane, now());
  EXPECT_TRUE(chunk);
  return chunk.value_or(Chunk{});
}

bool BatchWorld::step() {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (const std::optional<Chunk> chunk = expansion->next(lane, now())) {
      expansion->answered(carry(*chunk), now());
      for (const storage::BatchId& stale : expansion->take_stale()) tell(stale);
      return true;
    }
  }
  return false;
}

void BatchWorld::settle() {
  for (int steps = 0; step(); ++steps) ASSERT_LT(steps, 100'000) << "never comes to rest";
}

void BatchWorld::pass(std::chrono::milliseconds time) {
  const auto end = clock.steady + time;
  for (;;) {
    settle();
    const auto next = expansion->next_at(now());
    if (next > end) break;
    // A timer has a millisecond's grain, as the store's times.
    clock.pass(std::max(1ms, std::chrono::ceil<std::chrono::milliseconds>(next - clock.steady)));
  }
  if (clock.steady < end) {
    clock.pass(std::chrono::ceil<std::chrono::milliseconds>(end - clock.steady));
  }
  settle();
}

}  // namespace reveille::batch

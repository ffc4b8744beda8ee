#include "dispatcher/admin/fan_out.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <span>
#include <utility>

#include "dispatcher/admin/countdown.h"
#include "dispatcher/admin/run_in_partitions.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {

namespace asio = boost::asio;

namespace {

// Somebody who names so few waits for what they say.
constexpr std::size_t urgent_enrolments_max = 256;

constexpr std::chrono::milliseconds room_wait_first{1};
constexpr std::chrono::milliseconds room_wait_max{32};

bool protects_lost_device(std::string_view request_type) {
  return request_type == "EraseDevice" || request_type == "DeviceLock" ||
         request_type == "EnableLostMode";
}

// The ids of one partition, and what its job found for each of them.
struct Rows {
  std::vector<storage::Enqueued> enqueued;               // empty without a command
  std::vector<storage::Enqueued> requested;              // empty unless the push is durable
  std::vector<std::optional<storage::DueWake>> targets;  // empty without a push
};
using Groups = std::array<std::vector<mdm::EnrolmentId>, storage::Partition::count>;

// Appends the command and leaves the wakes as they were: what becomes due by it is taken back.
Result<std::vector<storage::Enqueued>> enqueue_silently(storage::Transaction& transaction,
                                                        std::span<const mdm::EnrolmentId> ids,
                                                        const mdm::CommandUuid& command,
                                                        storage::Time now) {
  std::vector<bool> was_due;
  for (const mdm::EnrolmentId& id : ids) {
    auto wake = transaction.wake_state(id);
    if (!wake) return std::unexpected(std::move(wake.error()));
    was_due.push_back(*wake && (*wake)->due_at.has_value());
  }
  auto enqueued = transaction.enqueue(ids, command, now);
  if (!enqueued) return enqueued;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (was_due[i] || (*enqueued)[i] != storage::Enqueued::queued) continue;
    auto cleared = transaction.reschedule_wake(ids[i], std::nullopt, now);
    if (!cleared) return std::unexpected(std::move(cleared.error()));
  }
  return enqueued;
}

Result<std::vector<std::optional<storage::DueWake>>> push_targets(
    storage::Transaction& transaction, std::span<const mdm::EnrolmentId> ids) {
  std::vector<std::optional<storage::DueWake>> targets;
  targets.reserve(ids.size());
  for (const mdm::EnrolmentId& id : ids) {
    auto target = transaction.push_target(id);
    if (target) {
      targets.push_back(*std::move(target));
    } else if (target.error().code == ErrorCode::not_found) {
      targets.emplace_back();
    } else {
      return std::unexpected(std::move(target.error()));
    }
  }
  return targets;
}

Result<Rows> change_rows(storage::Transaction& transaction, std::span<const mdm::EnrolmentId> ids,
                         const std::optional<mdm::CommandUuid>& command, FanOut::Push push,
                         storage::Priority priority, storage::Time now) {
  Rows rows;
  if (command) {
    auto enqueued = push == FanOut::Push::none ? enqueue_silently(transaction, ids, *command, now)
                                               : transaction.enqueue(ids, *command, now, priority);
    if (!enqueued) return std::unexpected(std::move(enqueued.error()));
    rows.enqueued = *std::move(enqueued);
  }
  if (push == FanOut::Push::durable) {
    auto requested = transaction.request_wakes(ids, now, priority);
    if (!requested) return std::unexpected(std::move(requested.error()));
    rows.requested = *std::move(requested);
  }
  if (push != FanOut::Push::none) {
    auto targets = push_targets(transaction, ids);
    if (!targets) return std::unexpected(std::move(targets.error()));
    rows.targets = *std::move(targets);
    for (auto& target : rows.targets) {
      if (target) target->priority = priority;
    }
  }
  return rows;
}

// NanoMDM's word for whatever is the reason; a wake, which is ours, names it.
constexpr const char* no_push_data = "push data missing for id";

std::string push_error_without_target(const Rows& rows, std::size_t i) {
  const std::string_view why = rows.requested.empty() ? "" : command_error_of(rows.requested[i]);
  return std::string(why.empty() ? no_push_data : why);
}

// Valid ids by partition; the others get their error at once.
Groups group_ids(const std::vector<std::string>& ids, const FanOut& order,
                 RequestOutcome& outcome) {
  Groups groups;
  for (const std::string& text : ids) {
    Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(text);
    if (id) {
      groups[storage::partition_of(*id).index].push_back(*std::move(id));
      continue;
    }
    EnrolmentOutcome& result = outcome.status[text];
    if (order.command) result.command_error = id.error().detail;
    if (order.push == FanOut::Push::now) result.push_error = no_push_data;
    if (order.push == FanOut::Push::durable) result.push_error = id.error().detail;
  }
  return groups;
}

// Notes what the rows say, and moves the enrolments that can be pushed into `targets`.
void note_rows(const std::vector<mdm::EnrolmentId>& ids, Rows rows, RequestOutcome& outcome,
               std::vector<storage::DueWake>& targets) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!rows.enqueued.empty()) {
      const storage::Enqueued enqueued = rows.enqueued[i];
      if (enqueued == storage::Enqueued::queued) ++outcome.queued;
      if (enqueued == storage::Enqueued::already_queued) ++outcome.already_queued;
      const std::string_view error = command_error_of(enqueued);
      if (!error.empty()) outcome.status[ids[i].text()].command_error = error;
    }
    if (rows.targets.empty()) continue;
    if (rows.targets[i]) {
      targets.push_back(*std::move(rows.targets[i]));
    } else {
      outcome.status[ids[i].text()].push_error = push_error_without_target(rows, i);
    }
  }
}

void note_failed_rows(const std::vector<mdm::EnrolmentId>& ids, const FanOut& order,
                      const Error& error, RequestOutcome& outcome) {
  for (const mdm::EnrolmentId& id : ids) {
    EnrolmentOutcome& result = outcome.status[id.text()];
    if (order.command) {
      result.command_error = error.detail;
    } else {
      result.push_error = error.detail;
    }
  }
}

// Each push can go out only with its topic's certificate; a topic without one fails the push as a
// whole, though the others' pushes go out.
std::vector<storage::DueWake> keep_pushable(const Parts& parts,
                                            std::vector<storage::DueWake> targets,
                                            RequestOutcome& outcome) {
  const std::string topic = parts.apns_statistics().topic;
  std::vector<storage::DueWake> pushable;
  for (storage::DueWake& target : targets) {
    if (target.topic == topic) {
      pushable.push_back(std::move(target));
      continue;
    }
    const std::string error = "no push certificate for topic " + target.topic;
    outcome.push_error = error;
    outcome.status[target.enrolment.text()].push_error = error;
    // Its wake stays due; it goes out once the topic has a certificate.
    parts.notify_wakes(storage::partition_of(target.enrolment));
  }
  return pushable;
}

// The answers of one request's pushes. Shared with the replies, which may come after the deadline,
// when nobody waits any more; a slot is written once, by one wake lane, and read only once ready.
struct Answers {
  struct Slot {
    std::atomic<bool> ready{false};
    wake::WakeResult result;
  };
  explicit Answers(const asio::any_io_executor& lane, std::size_t count)
      : countdown(std::make_shared<Countdown>(lane, count)), slots(count) {}

  void put(std::size_t position, wake::WakeResult result) {
    slots[position].result = std::move(result);
    slots[position].ready.store(true, std::memory_order_release);
    countdown->arrive();
  }

  std::shared_ptr<Countdown> countdown;
  std::vector<Slot> slots;
};

// Hands a wake to its lane, as soon as that has room. False: not before the deadline.
asio::awaitable<bool> wake_when_there_is_room(const Parts& parts, storage::DueWake& target,
                                              wake::WakeReply& reply,
                                              std::chrono::steady_clock::time_point deadline) {
  for (auto pause = room_wait_first;; pause = std::min(2 * pause, room_wait_max)) {
    const Result<void> taken = parts.wake(target, reply);
    if (taken) co_return true;
    if (std::chrono::steady_clock::now() + pause > deadline) co_return false;
    asio::steady_timer timer(co_await asio::this_coro::executor, pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> push_all(const Parts& parts, std::vector<storage::DueWake> targets,
                               RequestOutcome& outcome) {
  const asio::any_io_executor lane = co_await asio::this_coro::executor;
  const auto deadline = std::chrono::steady_clock::now() + parts.options.push_wait;
  const auto answers = std::make_shared<Answers>(lane, targets.size());
  std::vector<mdm::EnrolmentId> ids;
  ids.reserve(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    ids.push_back(targets[i].enrolment);
    wake::WakeReply reply = [answers, i](wake::WakeResult result) {
      answers->put(i, std::move(result));
    };
    const bool taken = co_await wake_when_there_is_room(parts, targets[i], reply, deadline);
    if (!taken) parts.notify_wakes(storage::partition_of(ids.back()));  // the store says the rest
  }
  co_await Countdown::wait(answers->countdown, deadline);

  for (std::size_t i = 0; i < ids.size(); ++i) {
    EnrolmentOutcome& result = outcome.status[ids[i].text()];
    if (answers->slots[i].ready.load(std::memory_order_acquire)) {
      add_wake_result(result, answers->slots[i].result);
      if (result.pushed) ++outcome.pushed;
    } else {
      result.push_error = "timed out waiting for APNs; the device stays due for a wake";
    }
  }
}

asio::awaitable<Result<bool>> store_command(const Parts& parts, mdm::Command command) {
  const storage::Partition partition = storage::partition_of(command.uuid);
  std::move_only_function<Result<bool>(storage::Transaction&)> work =
      [command = std::move(command),
       &clock = parts.clock](storage::Transaction& transaction) -> Result<bool> {
    Result<void> put = transaction.put_command(command, clock.wall_now());
    if (!put) return std::unexpected(std::move(put.error()));
    return true;
  };
  co_return co_await run_in_storage<bool>(parts.storage, partition, std::move(work));
}

}  // namespace

storage::Priority FanOut::priority() const {
  const bool is_urgent = ids.size() <= urgent_enrolments_max ||
                         (command && protects_lost_device(command->request_type));
  return is_urgent ? storage::Priority::urgent : storage::Priority::bulk;
}

asio::awaitable<RequestOutcome> fan_out(const Parts& parts, FanOut order) {
  RequestOutcome outcome;
  const storage::Priority priority = order.priority();
  outcome.asked = order.ids.size();
  outcome.no_push = order.push == FanOut::Push::none;
  std::optional<mdm::CommandUuid> uuid;
  if (order.command) {
    uuid = order.command->uuid;
    outcome.command_uuid = uuid->text;
    outcome.request_type = order.command->request_type;
    mdm::Command command = *std::move(order.command);
    const Result<bool> stored = co_await store_command(parts, std::move(command));
    if (!stored) {
      outcome.command_error = stored.error().code == ErrorCode::conflict
                                  ? "command already exists: " + uuid->text
                                  : stored.error().detail;
      co_return outcome;
    }
  }

  const Groups groups = group_ids(order.ids, order, outcome);
  std::vector<PartitionWork<Rows>> works;
  for (std::uint8_t index = 0; index < groups.size(); ++index) {
    if (groups[index].empty()) continue;
    PartitionWork<Rows> work{.partition = storage::Partition{index},
                             .work = [ids = groups[index], uuid, push = order.push, priority,
                                      &clock = parts.clock](storage::Transaction& transaction) {
                               // In the lane: what becomes due follows what became due before.
                               const storage::Time now = clock.wall_now();
                               return change_rows(transaction, ids, uuid, push, priority, now);
                             }};
    works.push_back(std::move(work));
  }
  std::vector<Result<Rows>> found =
      co_await run_in_partitions<Rows>(parts.storage, std::move(works));

  std::vector<storage::DueWake> targets;
  std::size_t position = 0;
  for (const std::vector<mdm::EnrolmentId>& ids : groups) {
    if (ids.empty()) continue;
    Result<Rows>& rows = found[position++];
    if (rows) {
      note_rows(ids, *std::move(rows), outcome, targets);
    } else {
      note_failed_rows(ids, order, rows.error(), outcome);
    }
  }
  if (!targets.empty()) {
    targets = keep_pushable(parts, std::move(targets), outcome);
    co_await push_all(parts, std::move(targets), outcome);
  }
  co_return outcome;
}

}  // namespace reveille::admin

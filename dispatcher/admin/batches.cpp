#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "dispatcher/admin/batch_request.h"
#include "dispatcher/admin/page_limit.h"
#include "dispatcher/admin/record_json.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/run_in_partitions.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {

namespace asio = boost::asio;

namespace {

constexpr std::size_t page_default = 50;
constexpr std::size_t page_max = 100;  // each shows counts of every partition
constexpr std::size_t chunk_ids_max = storage::Transaction::audience_chunk_ids_max;

using Work = std::move_only_function<Result<bool>(storage::Transaction&)>;

struct BatchAndCounts {
  storage::Batch batch;
  storage::BatchCounts counts;
};
using BatchPage = std::vector<BatchAndCounts>;

Result<bool> done(Result<void> outcome) {
  if (!outcome) return std::unexpected(std::move(outcome.error()));
  return true;
}

// ---- create ----

asio::awaitable<Result<bool>> store_command(const Parts& parts, const mdm::Command& command) {
  const storage::Partition partition = storage::partition_of(command.uuid);
  Work work = [command, &clock = parts.clock](storage::Transaction& transaction) {
    return done(transaction.put_command(command, clock.wall_now()));
  };
  co_return co_await run_in_storage<bool>(parts.storage, partition, std::move(work));
}

// Sorted ids by partition, still sorted.
using Shares = std::array<std::vector<mdm::EnrolmentId>, storage::Partition::count>;

Shares split(std::vector<mdm::EnrolmentId> ids) {
  Shares shares;
  for (mdm::EnrolmentId& id : ids) {
    shares[storage::partition_of(id).index].push_back(std::move(id));
  }
  return shares;
}

// The audience's chunks of this number, one of each partition that has so many.
std::vector<PartitionWork<bool>> chunks_of(const std::shared_ptr<const Shares>& shares,
                                           const storage::BatchId& batch, std::uint32_t number) {
  std::vector<PartitionWork<bool>> works;
  for (std::uint8_t index = 0; index < shares->size(); ++index) {
    const std::size_t first = number * chunk_ids_max;
    if (first >= (*shares)[index].size()) continue;
    PartitionWork<bool> work;
    work.partition = {index};
    work.work = [shares, batch, index, first, number](storage::Transaction& transaction) {
      const std::span<const mdm::EnrolmentId> all = (*shares)[index];
      const auto ids = all.subspan(first, std::min(chunk_ids_max, all.size() - first));
      return done(transaction.put_audience(batch, {index}, number, ids));
    };
    works.push_back(std::move(work));
  }
  return works;
}

// In waves, so that no lane is held up by more than one chunk of each of its partitions.
asio::awaitable<Result<bool>> store_audience(const Parts& parts, const storage::BatchId& batch,
                                             std::vector<mdm::EnrolmentId> ids) {
  const auto shares = std::make_shared<const Shares>(split(std::move(ids)));
  for (std::uint32_t number = 0;; ++number) {
    std::vector<PartitionWork<bool>> works = chunks_of(shares, batch, number);
    if (works.empty()) co_return true;
    std::vector<Result<bool>> outcomes =
        co_await run_in_partitions<bool>(parts.storage, std::move(works));
    for (Result<bool>& outcome : outcomes) {
      if (!outcome) co_return std::move(outcome);
    }
  }
}

asio::awaitable<Result<bool>> store_batch(const Parts& parts, const storage::Batch& batch) {
  const storage::Partition partition = storage::partition_of(batch.id);
  Work work = [batch, now = parts.clock.wall_now()](storage::Transaction& transaction) {
    return done(transaction.put_batch(batch, now));
  };
  co_return co_await run_in_storage<bool>(parts.storage, partition, std::move(work));
}

// The batch's row last: until then nobody knows of the others.
asio::awaitable<Result<bool>> store_request(const Parts& parts, BatchRequest& request) {
  Result<bool> stored = co_await store_command(parts, request.command);
  if (!stored) co_return stored;
  if (!request.enrolments.empty()) {
    stored = co_await store_audience(parts, request.batch.id, std::move(request.enrolments));
    if (!stored) co_return stored;
  }
  co_return co_await store_batch(parts, request.batch);
}

// ---- show ----

Result<BatchAndCounts> with_counts(storage::Transaction& transaction, storage::Batch batch) {
  auto counts = transaction.batch_counts(batch.id);
  if (!counts) return std::unexpected(std::move(counts.error()));
  return BatchAndCounts{.batch = std::move(batch), .counts = *counts};
}

Result<BatchAndCounts> read_batch(storage::Transaction& transaction, const storage::BatchId& id) {
  auto batch = transaction.find_batch(id);
  if (!batch) return std::unexpected(std::move(batch.error()));
  if (!*batch) return failure(ErrorCode::not_found, "no such batch");
  return with_counts(transaction, **std::move(batch));
}

asio::awaitable<Result<BatchAndCounts>> find(const Parts& parts, const storage::BatchId& id) {
  std::move_only_function<Result<BatchAndCounts>(storage::Transaction&)> work =
      [id](storage::Transaction& transaction) { return read_batch(transaction, id); };
  co_return co_await run_in_storage<BatchAndCounts>(parts.storage, storage::partition_of(id),
                                                    std::move(work));
}

void write_object(JsonWriter& json, const BatchAndCounts& found) {
  json.begin_object();
  write_members(json, found.batch);
  json.key("counts");
  json.begin_object();
  write_members(json, found.counts);
  json.end_object();
  json.end_object();
}

http::Response batch_reply(int status, const BatchAndCounts& found) {
  JsonWriter json;
  write_object(json, found);
  return json_reply(status, json.finish());
}

Result<BatchPage> read_page(storage::Transaction& transaction, const storage::BatchId& after,
                            std::size_t limit) {
  auto batches = transaction.list_batches(after, limit);
  if (!batches) return std::unexpected(std::move(batches.error()));
  BatchPage page;
  for (storage::Batch& batch : *batches) {
    auto one = with_counts(transaction, std::move(batch));
    if (!one) return std::unexpected(std::move(one.error()));
    page.push_back(*std::move(one));
  }
  return page;
}

// ---- change ----

Result<bool> set_state(storage::Transaction& transaction, const storage::BatchId& id,
                       storage::BatchState state, storage::Time now) {
  const auto found = read_batch(transaction, id);  // the store names one that it does not know
  const bool is_done = found && found->counts.is_done() && found->batch.state != state &&
                       found->batch.state != storage::BatchState::cancelled;
  // Nothing would come of it, and what became of the batch would look like something else.
  if (is_done) return failure(ErrorCode::conflict, "batch " + id.text + " is done");
  return done(transaction.set_batch_state(id, state, now));
}

Reply change_batch(const Parts& parts, const Exchange& exchange, storage::BatchState state) {
  const storage::BatchId id{exchange.parameters.front()};
  Work work = [id, state, now = parts.clock.wall_now()](storage::Transaction& transaction) {
    return set_state(transaction, id, state, now);
  };
  const Result<bool> set =
      co_await run_in_storage<bool>(parts.storage, storage::partition_of(id), std::move(work));
  if (!set) co_return error_reply(set.error());
  parts.batch_changed(id);
  parts.log.info("batch set", {{"batch", id.text}, {"state", storage::name_of(state)}});
  const Result<BatchAndCounts> found = co_await find(parts, id);
  if (!found) co_return error_reply(found.error());
  co_return batch_reply(200, *found);
}

}  // namespace

// 202: it is durable, and is carried out by and by.
Reply create_batch(const Parts& parts, const Exchange& exchange) {
  Result<BatchRequest> request = parse_batch_request(
      exchange.request.body, parts.options.audience_enrolments_max, parts.random);
  if (!request) co_return error_reply(request.error());
  const Result<void> admitted = parts.admit_batch();
  if (!admitted) co_return error_reply(admitted.error());
  storage::Batch& batch = request->batch;
  const storage::Time now = parts.clock.wall_now();
  batch.id = {parts.random.uuid_of(now)};
  if (request->expires_in) batch.expires_at = now + *request->expires_in;
  const Result<bool> stored = co_await store_request(parts, *request);
  if (!stored) co_return error_reply(stored.error());
  parts.batch_changed(batch.id);
  parts.log.info("batch started", {{"batch", batch.id.text},
                                   {"command", batch.command.text},
                                   {"request_type", request->command.request_type},
                                   {"audience", storage::name_of(batch.audience)},
                                   {"enrolments", batch.audience_ids}});
  const Result<BatchAndCounts> found = co_await find(parts, batch.id);
  if (!found) co_return error_reply(found.error());
  co_return batch_reply(202, *found);
}

Reply list_batches(const Parts& parts, const Exchange& exchange) {
  const Result<std::size_t> limit = parse_limit(exchange.request.query(), page_default, page_max);
  if (!limit) co_return error_reply(limit.error());
  storage::BatchId after{http::query_parameter(exchange.request.query(), "after").value_or("")};
  const storage::Partition partition = storage::partition_of(after);
  std::move_only_function<Result<BatchPage>(storage::Transaction&)> work =
      [after = std::move(after), limit = *limit](storage::Transaction& transaction) {
        return read_page(transaction, after, limit);
      };
  const Result<BatchPage> page =
      co_await run_in_storage<BatchPage>(parts.storage, partition, std::move(work));
  if (!page) co_return error_reply(page.error());
  JsonWriter json;
  json.begin_object();
  json.key("batches");
  json.begin_array();
  for (const BatchAndCounts& one : *page) write_object(json, one);
  json.end_array();
  if (page->size() == *limit) json.member("next", page->back().batch.id.text);
  json.end_object();
  co_return json_reply(200, json.finish());
}

Reply show_batch(const Parts& parts, const Exchange& exchange) {
  const storage::BatchId id{exchange.parameters.front()};
  const Result<BatchAndCounts> found = co_await find(parts, id);
  if (!found) co_return error_reply(found.error());
  co_return batch_reply(200, *found);
}

Reply pause_batch(const Parts& parts, const Exchange& exchange) {
  return change_batch(parts, exchange, storage::BatchState::paused);
}

Reply resume_batch(const Parts& parts, const Exchange& exchange) {
  return change_batch(parts, exchange, storage::BatchState::running);
}

Reply cancel_batch(const Parts& parts, const Exchange& exchange) {
  return change_batch(parts, exchange, storage::BatchState::cancelled);
}

}  // namespace reveille::admin

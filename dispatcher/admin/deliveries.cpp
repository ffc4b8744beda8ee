#include <memory>
#include <optional>
#include <utility>

#include "dispatcher/admin/record_json.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/http/body_source.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/base/base64.h"

namespace reveille::admin {

namespace {

struct DeliveryAndResult {
  storage::Delivery delivery;
  std::optional<storage::ResultSize> size;
  std::optional<Bytes> result;  // when it is short
};

Result<DeliveryAndResult> read_delivery(storage::Transaction& transaction,
                                        const mdm::EnrolmentId& id,
                                        const mdm::CommandUuid& command) {
  auto delivery = transaction.find_delivery(id, command);
  if (!delivery) return std::unexpected(std::move(delivery.error()));
  if (!*delivery) return failure(ErrorCode::not_found, "no such command for this enrolment");
  DeliveryAndResult found{.delivery = **std::move(delivery), .size = {}, .result = {}};
  const auto size = transaction.result_size(id, command);
  if (!size) return std::unexpected(size.error());
  found.size = *size;
  if (!found.size || found.size->pieces > 1) return found;
  auto result = transaction.find_result(id, command);
  if (!result) return std::unexpected(std::move(result.error()));
  found.result = *std::move(result);
  return found;
}

// What a device answered, piece by piece out of the storage lane.
class StoredResult final : public http::BodySource {
 public:
  StoredResult(StorageLanes& storage, mdm::EnrolmentId id, mdm::CommandUuid command,
               storage::ResultSize size)
      : storage_(storage), id_(std::move(id)), command_(std::move(command)), size_(size) {}

  std::uint64_t bytes() const override { return size_.bytes; }

  boost::asio::awaitable<Result<Bytes>> next() override {
    std::move_only_function<Result<Bytes>(storage::Transaction&)> work =
        [id = id_, command = command_,
         piece = piece_++](storage::Transaction& transaction) -> Result<Bytes> {
      auto found = transaction.result_piece(id, command, piece);
      if (!found) return std::unexpected(std::move(found.error()));
      if (!*found) return failure(ErrorCode::not_found, "the result has gone");
      return **std::move(found);
    };
    co_return co_await run_in_storage<Bytes>(storage_, storage::partition_of(id_), std::move(work));
  }

 private:
  StorageLanes& storage_;
  const mdm::EnrolmentId id_;
  const mdm::CommandUuid command_;
  const storage::ResultSize size_;
  std::uint32_t piece_ = 0;
};

}  // namespace

Reply show_delivery(const Parts& parts, const Exchange& exchange) {
  const Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(exchange.parameters[0]);
  if (!id) co_return error_reply(id.error());
  mdm::CommandUuid command{exchange.parameters[1]};
  std::move_only_function<Result<DeliveryAndResult>(storage::Transaction&)> work =
      [id = *id, command = std::move(command)](storage::Transaction& transaction) {
        return read_delivery(transaction, id, command);
      };
  const storage::Partition partition = storage::partition_of(*id);
  const Result<DeliveryAndResult> found =
      co_await run_in_storage<DeliveryAndResult>(parts.storage, partition, std::move(work));
  if (!found) co_return error_reply(found.error());

  JsonWriter json;
  json.begin_object();
  json.member("enrolment", id->text());
  write_members(json, found->delivery);
  if (found->size) json.member("result_bytes", found->size->bytes);
  if (found->result) json.member("result", to_base64(*found->result));
  json.end_object();
  co_return json_reply(200, json.finish());
}

Reply show_result(const Parts& parts, const Exchange& exchange) {
  const Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(exchange.parameters[0]);
  if (!id) co_return error_reply(id.error());
  const mdm::CommandUuid command{exchange.parameters[1]};
  std::move_only_function<Result<storage::ResultSize>(storage::Transaction&)> work =
      [id = *id, command](storage::Transaction& transaction) -> Result<storage::ResultSize> {
    const auto size = transaction.result_size(id, command);
    if (!size) return std::unexpected(size.error());
    if (!*size) return failure(ErrorCode::not_found, "no result of such a command");
    return **size;
  };
  const Result<storage::ResultSize> size = co_await run_in_storage<storage::ResultSize>(
      parts.storage, storage::partition_of(*id), std::move(work));
  if (!size) co_return error_reply(size.error());
  http::Response response;
  response.headers.push_back({"content-type", "application/x-plist"});
  if (size->bytes > 0) {
    response.source = std::make_shared<StoredResult>(parts.storage, *id, command, *size);
  }
  co_return response;
}

Reply cancel_delivery(const Parts& parts, const Exchange& exchange) {
  const Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(exchange.parameters[0]);
  if (!id) co_return error_reply(id.error());
  mdm::CommandUuid command{exchange.parameters[1]};
  std::move_only_function<Result<DeliveryAndResult>(storage::Transaction&)> work =
      [id = *id, command = std::move(command), now = parts.clock.wall_now()](
          storage::Transaction& transaction) -> Result<DeliveryAndResult> {
    Result<void> cancelled = transaction.cancel(id, command, now);
    if (!cancelled) return std::unexpected(std::move(cancelled.error()));
    return read_delivery(transaction, id, command);
  };
  const storage::Partition partition = storage::partition_of(*id);
  const Result<DeliveryAndResult> found =
      co_await run_in_storage<DeliveryAndResult>(parts.storage, partition, std::move(work));
  if (!found) co_return error_reply(found.error());

  JsonWriter json;
  json.begin_object();
  json.member("enrolment", id->text());
  write_members(json, found->delivery);
  json.end_object();
  co_return json_reply(200, json.finish());
}

}  // namespace reveille::admin

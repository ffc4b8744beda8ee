#include <optional>
#include <utility>

#include "dispatcher/admin/record_json.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/base/base64.h"

namespace reveille::admin {

namespace {

struct DeliveryAndResult {
  storage::Delivery delivery;
  std::optional<Bytes> result;
};

Result<DeliveryAndResult> read_delivery(storage::Transaction& transaction,
                                        const mdm::EnrolmentId& id,
                                        const mdm::CommandUuid& command) {
  auto delivery = transaction.find_delivery(id, command);
  if (!delivery) return std::unexpected(std::move(delivery.error()));
  if (!*delivery) return failure(ErrorCode::not_found, "no such command for this enrolment");
  auto result = transaction.find_result(id, command);
  if (!result) return std::unexpected(std::move(result.error()));
  return DeliveryAndResult{.delivery = **std::move(delivery), .result = *std::move(result)};
}

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
  if (found->result) json.member("result", to_base64(*found->result));
  json.end_object();
  co_return json_reply(200, json.finish());
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

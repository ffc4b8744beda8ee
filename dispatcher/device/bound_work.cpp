#include "dispatcher/device/bound_work.h"

namespace reveille::device {

boost::asio::awaitable<CheckInOutcome> tie(Parts& parts, const mdm::Identity& identity,
                                           storage::Sha256 certificate) {
  using Inner = std::expected<CheckedIn, Refused>;
  std::move_only_function<Result<storage::Sha256>(storage::Transaction&)> find =
      [certificate](storage::Transaction& transaction) {
        return transaction.first_of_line(certificate);
      };
  const Result<storage::Sha256> first = co_await run_in_storage<storage::Sha256>(
      parts.storage, storage::partition_of(certificate), std::move(find));
  if (!first) co_return std::unexpected(first.error());
  // Of an enrolment's user channels each may be the first to come: they tie their device.
  mdm::Identity device = identity;
  device.enrolment = device.device;
  std::move_only_function<CheckInOutcome(storage::Transaction&)> work =
      [device = std::move(device), certificate](storage::Transaction& transaction) {
        return tie_certificate(transaction, device, certificate);
      };
  co_return co_await run_in_storage<Inner>(parts.storage, storage::partition_of(*first),
                                           std::move(work));
}

}  // namespace reveille::device

#include "dispatcher/enrolment/renewal.h"

#include <functional>
#include <optional>

#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::enrolment {
namespace {

using Bound = std::optional<mdm::EnrolmentId>;

// Renewals that a device may have slept through.
constexpr std::size_t renewals_followed_max = 64;

bool is_accepted(const storage::Enrolment& device, const storage::Sha256& identity,
                 storage::Time now) {
  if (device.certificate == identity) return true;
  return device.previous_certificate == identity && now < device.previous_certificate_until;
}

Result<bool> may_renew_in(storage::Transaction& transaction, const mdm::EnrolmentId& device,
                          const storage::Sha256& identity, storage::Time now) {
  const auto enrolment = transaction.find_enrolment(device);
  if (!enrolment) return std::unexpected(enrolment.error());
  if (!*enrolment) return true;
  const bool has_ended = (*enrolment)->state == storage::EnrolmentState::ended &&
                         (*enrolment)->end_reason != storage::EndReason::unreachable;
  if (has_ended) return false;
  storage::Sha256 at = identity;
  for (std::size_t hops = 0; hops < renewals_followed_max; ++hops) {
    if (is_accepted(**enrolment, at, now)) return true;
    const auto issued = transaction.find_certificate(at);
    if (!issued) return std::unexpected(issued.error());
    if (!*issued || !(*issued)->renews) return false;
    at = *(*issued)->renews;
  }
  return false;
}

}  // namespace

boost::asio::awaitable<Result<bool>> may_renew(StorageLanes& storage, storage::Sha256 identity,
                                               storage::Time now) {
  std::move_only_function<Result<Bound>(storage::Transaction&)> find =
      [identity](storage::Transaction& transaction) { return transaction.bound_device(identity); };
  const Result<Bound> bound = co_await run_in_storage<Bound>(
      storage, storage::partition_of(identity), std::move(find));
  if (!bound) co_return std::unexpected(bound.error());
  if (!*bound) co_return true;
  const mdm::EnrolmentId device = **bound;
  std::move_only_function<Result<bool>(storage::Transaction&)> decide =
      [device, identity, now](storage::Transaction& transaction) {
        return may_renew_in(transaction, device, identity, now);
      };
  co_return co_await run_in_storage<bool>(storage, storage::partition_of(device),
                                          std::move(decide));
}

}  // namespace reveille::enrolment

#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <utility>

#include "dispatcher/device/check_in_work.h"
#include "dispatcher/device/parts.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::device {

// Ties the certificate to the device, in the partition of the first of its line: the first half of
// Authenticate, and of taking over an enrolment from another server.
boost::asio::awaitable<CheckInOutcome> tie(Parts& parts, const mdm::Identity& identity,
                                           storage::Sha256 certificate);

// Runs `work` in the device's partition. When it is refused because the enrolment has no
// certificate yet, and the rules say so, ties this one to it and runs it again.
//
// `Inner` is std::expected<..., Refusal> or <..., Refused>; `work` and `identity` outlive the call.
// The time is read in the storage lane: what becomes due must not lie behind what the lane has
// already let a reader of due wakes pass (docs/decisions/0003).
template <typename Inner, typename Work>
boost::asio::awaitable<Result<Inner>> run_bound(Parts& parts, const mdm::Identity& identity,
                                                storage::Sha256 certificate, const Work& work) {
  using Job = std::move_only_function<Result<Inner>(storage::Transaction&)>;
  const storage::Partition partition = storage::partition_of(identity.device);
  const auto refusal_in = [](const Inner& inner) {
    if constexpr (requires { inner.error().refusal; }) {
      return inner.error().refusal;
    } else {
      return inner.error();
    }
  };
  Job job = [work, &clock = parts.clock](storage::Transaction& transaction) {
    return work(transaction, clock.wall_now());
  };
  Result<Inner> outcome = co_await run_in_storage<Inner>(parts.storage, partition, std::move(job));
  const bool may_be_bound = parts.rules.authorisation.adopt_unbound && outcome && !*outcome &&
                            refusal_in(*outcome) == Refusal::enrolment_unbound;
  if (!may_be_bound) co_return outcome;
  const CheckInOutcome tied = co_await tie(parts, identity, certificate);
  if (!tied) co_return std::unexpected(tied.error());
  if (!*tied) co_return outcome;
  Job again = [work, &clock = parts.clock](storage::Transaction& transaction) {
    return work(transaction, clock.wall_now());
  };
  co_return co_await run_in_storage<Inner>(parts.storage, partition, std::move(again));
}

}  // namespace reveille::device

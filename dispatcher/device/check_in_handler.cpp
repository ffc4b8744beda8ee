#include "dispatcher/device/check_in_handler.h"

#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "dispatcher/device/check_in_work.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {
namespace {

using Inner = std::expected<CheckedIn, Refused>;
using Work = std::move_only_function<CheckInOutcome(storage::Transaction&)>;

RequestKind kind_of(const mdm::CheckIn& message) {
  if (std::holds_alternative<mdm::Authenticate>(message)) return RequestKind::authenticate;
  if (std::holds_alternative<mdm::TokenUpdate>(message)) return RequestKind::token_update;
  if (std::holds_alternative<mdm::CheckOut>(message)) return RequestKind::check_out;
  return RequestKind::other_check_in;
}

// What is answered to an authorised message instead of 200.
std::optional<Refusal> standing_refusal(const mdm::CheckIn& message) {
  if (std::holds_alternative<mdm::UserAuthenticate>(message)) return Refusal::user_not_managed;
  if (std::holds_alternative<mdm::GetToken>(message)) return Refusal::unknown_token_service;
  if (std::holds_alternative<mdm::SetBootstrapToken>(message) ||
      std::holds_alternative<mdm::DeclarativeManagement>(message)) {
    return Refusal::not_served;
  }
  return std::nullopt;
}

CheckInOutcome run_check_in(storage::Transaction& transaction, const mdm::CheckIn& message,
                            const storage::Sha256& certificate, std::chrono::seconds overlap,
                            storage::Time now) {
  if (const auto* authenticate = std::get_if<mdm::Authenticate>(&message)) {
    return run_authenticate(transaction, *authenticate, certificate, now);
  }
  if (const auto* update = std::get_if<mdm::TokenUpdate>(&message)) {
    return run_token_update(transaction, *update, certificate, overlap, now);
  }
  if (const auto* check_out = std::get_if<mdm::CheckOut>(&message)) {
    return run_check_out(transaction, *check_out, certificate, now);
  }
  return run_other_check_in(transaction, identity_of(message), certificate, overlap, now);
}

// Counts, tells the log, and wakes whom the commit made due.
void follow_up(Parts& parts, const mdm::CheckIn& message, const CheckedIn& done) {
  const mdm::Identity& identity = identity_of(message);
  if (done.pin == PinChange::adopt) tell_of_adoption(parts, identity.device);
  if (done.ended) {
    parts.statistics.ended.add_one();
    parts.log.info("enrolment ended",
                   {{"enrolment", identity.enrolment.text()}, {"by", name_of(message)}});
  }
  if (done.enrolled) {
    parts.statistics.enrolled.add_one();
    parts.log.info("enrolled", {{"enrolment", identity.enrolment.text()}});
  }
  if (std::holds_alternative<mdm::TokenUpdate>(message)) {
    parts.notify_wakes(storage::partition_of(identity.enrolment));
  }
}

}  // namespace

boost::asio::awaitable<http::Response> handle_check_in(Parts& parts, const Bytes& body,
                                                       const Caller& caller,
                                                       const std::string& address) {
  const Result<mdm::CheckIn> parsed = mdm::parse_check_in(body);
  if (!parsed) {
    parts.statistics.count(RequestKind::unreadable);
    const Refused refused{.refusal = Refusal::malformed, .detail = parsed.error().detail};
    const Sender sender{.message = "check-in", .enrolment = nullptr, .address = address};
    co_return refuse(parts, refused, sender);
  }
  const mdm::CheckIn& message = *parsed;
  const mdm::Identity& identity = identity_of(message);
  const storage::Sha256 certificate = caller.certificate;
  const Sender sender{
      .message = name_of(message), .enrolment = &identity.enrolment, .address = address};
  parts.statistics.count(kind_of(message));

  if (std::holds_alternative<mdm::Authenticate>(message)) {
    Work tie = [identity, certificate](storage::Transaction& transaction) {
      return tie_certificate(transaction, identity, certificate);
    };
    const CheckInOutcome tied = co_await run_in_storage<Inner>(
        parts.storage, storage::partition_of(certificate), std::move(tie));
    if (!tied) co_return refuse(parts, tied.error(), sender);
    if (!*tied) co_return refuse(parts, tied->error(), sender);
  }

  const std::chrono::seconds overlap = parts.rules.renewal_overlap;
  // The time is read in the storage lane: what becomes due must not lie behind what the lane has
  // already let a reader of due wakes pass (docs/decisions/0003).
  Work work = [message, certificate, overlap, &clock = parts.clock](storage::Transaction& store) {
    return run_check_in(store, message, certificate, overlap, clock.wall_now());
  };
  const CheckInOutcome outcome = co_await run_in_storage<Inner>(
      parts.storage, storage::partition_of(identity.device), std::move(work));
  if (!outcome) co_return refuse(parts, outcome.error(), sender);
  if (!*outcome) co_return refuse(parts, outcome->error(), sender);
  follow_up(parts, message, **outcome);
  if (const auto refusal = standing_refusal(message)) {
    const Refused refused{.refusal = *refusal, .detail = {}};
    co_return refuse(parts, refused, sender);
  }
  co_return http::Response();
}

}  // namespace reveille::device

#include "dispatcher/device/check_in_handler.h"

#include <iterator>
#include <utility>
#include <variant>

#include "dispatcher/device/bound_work.h"
#include "dispatcher/device/check_in_answers.h"
#include "dispatcher/device/check_in_work.h"
#include "dispatcher/device/sign_in_again.h"
#include "dispatcher/device/user_authenticate_handler.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {
namespace {

using Inner = std::expected<CheckedIn, Refused>;

// In the order of mdm::CheckIn's types.
RequestKind kind_of(const mdm::CheckIn& message) {
  constexpr RequestKind kinds[] = {
      RequestKind::authenticate,        RequestKind::token_update,
      RequestKind::check_out,           RequestKind::user_authenticate,
      RequestKind::set_bootstrap_token, RequestKind::get_bootstrap_token,
      RequestKind::get_token,           RequestKind::declarative_management,
      RequestKind::return_to_service,
  };
  static_assert(std::size(kinds) == std::variant_size_v<mdm::CheckIn>);
  return kinds[message.index()];
}

CheckInOutcome run_check_in(storage::Transaction& transaction, const mdm::CheckIn& message,
                            const storage::Sha256& certificate, const AuthorisationRules& rules,
                            storage::Time now) {
  if (const auto* authenticate = std::get_if<mdm::Authenticate>(&message)) {
    return run_authenticate(transaction, *authenticate, certificate, now);
  }
  if (const auto* update = std::get_if<mdm::TokenUpdate>(&message)) {
    return run_token_update(transaction, *update, certificate, rules, now);
  }
  if (const auto* check_out = std::get_if<mdm::CheckOut>(&message)) {
    return run_check_out(transaction, *check_out, certificate, rules, now);
  }
  if (const auto* set = std::get_if<mdm::SetBootstrapToken>(&message)) {
    return run_set_bootstrap_token(transaction, *set, certificate, rules, now);
  }
  const mdm::Identity& identity = identity_of(message);
  if (std::holds_alternative<mdm::GetBootstrapToken>(message) ||
      std::holds_alternative<mdm::ReturnToService>(message)) {
    return run_get_bootstrap_token(transaction, identity, certificate, rules, now);
  }
  const Claim claim{.kind = MessageKind::other_check_in,
                    .identity = identity,
                    .certificate = certificate,
                    .auth_token = auth_token_of(message)};
  return run_other_check_in(transaction, claim, rules, now);
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
  const Sender sender{.message = name_of(message),
                      .enrolment = &identity.enrolment,
                      .address = address,
                      .kind = kind_of(message)};
  parts.statistics.count(sender.kind);

  const auto* authenticate = std::get_if<mdm::Authenticate>(&message);
  auto challenge = co_await sign_in_again(parts, identity, authenticate, caller, sender);
  if (challenge) co_return *std::move(challenge);
  if (const auto* user = std::get_if<mdm::UserAuthenticate>(&message)) {
    co_return co_await handle_user_authenticate(parts, *user, caller, sender);
  }
  if (authenticate != nullptr) {
    const CheckInOutcome tied = co_await tie(parts, identity, certificate);
    if (!tied) co_return refuse(parts, tied.error(), sender);
    if (!*tied) co_return refuse(parts, tied->error(), sender);
  }

  const auto work = [message, certificate, rules = parts.rules.authorisation](
                        storage::Transaction& transaction, storage::Time now) {
    return run_check_in(transaction, message, certificate, rules, now);
  };
  const CheckInOutcome outcome = co_await run_bound<Inner>(parts, identity, certificate, work);
  if (!outcome) co_return refuse(parts, outcome.error(), sender);
  if (!*outcome) co_return refuse(parts, outcome->error(), sender);
  follow_up(parts, message, **outcome);
  co_return co_await answer_check_in(parts, message, **outcome, sender);
}

}  // namespace reveille::device

#include "dispatcher/device/check_in_work.h"

#include <algorithm>
#include <string>
#include <utility>

namespace reveille::device {
namespace {

using Inner = std::expected<CheckedIn, Refused>;

CheckInOutcome refuse(Refusal refusal, std::string detail = {}) {
  return Inner(std::unexpected(Refused{.refusal = refusal, .detail = std::move(detail)}));
}

// A refusal of the store's, or its trouble.
CheckInOutcome refuse(Error error) {
  if (error.code == ErrorCode::unavailable || error.code == ErrorCode::corrupt) {
    return std::unexpected(std::move(error));
  }
  return refuse(refusal_of(error.code), std::move(error.detail));
}

// The refusal when the topic is none of ours.
Result<std::optional<Refusal>> check_topic(storage::Transaction& transaction,
                                           const std::string& topic) {
  const auto certificates = transaction.push_certificates();
  if (!certificates) return std::unexpected(certificates.error());
  if (certificates->empty()) return Refusal::no_push_certificate;
  const bool is_ours = std::ranges::any_of(
      *certificates, [&](const auto& certificate) { return certificate.topic == topic; });
  if (!is_ours) return Refusal::topic_mismatch;
  return std::nullopt;
}

const mdm::AuthToken* pointer_to(const std::optional<mdm::AuthToken>& token) {
  return token ? &*token : nullptr;
}

CheckInOutcome refuse_topic(Refusal refusal, const std::string& topic) {
  return refuse(refusal, "the topic is " + topic);
}

}  // namespace

CheckInOutcome tie_certificate(storage::Transaction& transaction, const mdm::Identity& identity,
                               const storage::Sha256& certificate) {
  if (identity.is_user_channel()) return refuse(Refusal::wrong_channel);
  const auto bound = transaction.bound_device(certificate);
  if (!bound) return refuse(bound.error());
  if (*bound && **bound != identity.device) return refuse(Refusal::certificate_bound_elsewhere);
  const auto first = transaction.first_of_line(certificate);
  if (!first) return refuse(first.error());
  const Result<void> tied = transaction.bind_certificate(*first, identity.device);
  if (!tied && tied.error().code == ErrorCode::conflict) {
    return refuse(Refusal::certificate_bound_elsewhere);
  }
  if (!tied) return refuse(tied.error());
  return Inner(CheckedIn{});
}

CheckInOutcome run_authenticate(storage::Transaction& transaction, const mdm::Authenticate& message,
                                const storage::Sha256& certificate, storage::Time now) {
  const Claim claim{.kind = MessageKind::authenticate,
                    .identity = message.identity,
                    .certificate = certificate};
  const auto authorised = authorise_in(transaction, claim, AuthorisationRules{}, now);
  if (!authorised) return std::unexpected(authorised.error());
  if (!*authorised) return refuse(authorised->error());
  const auto wrong = check_topic(transaction, message.topic);
  if (!wrong) return std::unexpected(wrong.error());
  if (*wrong) return refuse_topic(**wrong, message.topic);

  const auto begun = transaction.authenticate(message, certificate, now);
  if (!begun) return refuse(begun.error());
  const auto& earlier = (*authorised)->standing.device;
  CheckedIn done;
  // A pending life is replaced by each repetition of its Authenticate: nothing ended.
  done.ended = earlier && earlier->state == storage::EnrolmentState::enrolled;
  return Inner(done);
}

CheckInOutcome run_token_update(storage::Transaction& transaction, const mdm::TokenUpdate& message,
                                const storage::Sha256& certificate, const AuthorisationRules& rules,
                                storage::Time now) {
  const Claim claim{.kind = MessageKind::token_update,
                    .identity = message.identity,
                    .certificate = certificate,
                    .auth_token = pointer_to(message.auth_token)};
  const auto authorised = authorise_in(transaction, claim, rules, now);
  if (!authorised) return std::unexpected(authorised.error());
  if (!*authorised) return refuse(authorised->error());
  const auto wrong = check_topic(transaction, message.topic);
  if (!wrong) return std::unexpected(wrong.error());
  if (*wrong) return refuse_topic(**wrong, message.topic);
  if (message.topic != (*authorised)->standing.device->topic) {
    return refuse_topic(Refusal::topic_mismatch, message.topic);
  }

  const auto updated = transaction.update_token(message, now);
  if (!updated) return refuse(updated.error());
  const Result<void> touched = transaction.touch(message.identity.enrolment, now);
  if (!touched) return refuse(touched.error());
  CheckedIn done;
  done.pin = (*authorised)->pin;
  done.enrolled = updated->token_update_tally == 1;
  return Inner(done);
}

CheckInOutcome run_check_out(storage::Transaction& transaction, const mdm::CheckOut& message,
                             const storage::Sha256& certificate, const AuthorisationRules& rules,
                             storage::Time now) {
  const Claim claim{.kind = MessageKind::check_out,
                    .identity = message.identity,
                    .certificate = certificate,
                    .auth_token = pointer_to(message.auth_token)};
  const auto authorised = authorise_in(transaction, claim, rules, now);
  if (!authorised) return std::unexpected(authorised.error());
  if (!*authorised) return refuse(authorised->error());

  const Result<void> ended =
      transaction.end_enrolment(message.identity.enrolment, storage::EndReason::checked_out, now);
  if (!ended) return refuse(ended.error());
  CheckedIn done;
  done.ended = (*authorised)->standing.channel->state != storage::EnrolmentState::ended;
  return Inner(done);
}

CheckInOutcome run_set_bootstrap_token(storage::Transaction& transaction,
                                       const mdm::SetBootstrapToken& message,
                                       const storage::Sha256& certificate,
                                       const AuthorisationRules& rules, storage::Time now) {
  const Claim claim{.kind = MessageKind::device_matter,
                    .identity = message.identity,
                    .certificate = certificate};
  CheckInOutcome outcome = run_other_check_in(transaction, claim, rules, now);
  if (!outcome || !*outcome) return outcome;
  if (mdm::is_account_driven(message.identity.kind)) return refuse(Refusal::wrong_enrolment);
  const Bytes token = message.bootstrap_token.value_or(Bytes());
  if (token.size() > bootstrap_token_bytes_max) {
    return refuse(Refusal::malformed, "BootstrapToken is too large");
  }
  const Result<void> kept = transaction.put_bootstrap_token(message.identity.device, token);
  if (!kept) return refuse(kept.error());
  return outcome;
}

CheckInOutcome run_get_bootstrap_token(storage::Transaction& transaction,
                                       const mdm::Identity& identity,
                                       const storage::Sha256& certificate,
                                       const AuthorisationRules& rules, storage::Time now) {
  const Claim claim{
      .kind = MessageKind::device_matter, .identity = identity, .certificate = certificate};
  CheckInOutcome outcome = run_other_check_in(transaction, claim, rules, now);
  if (!outcome || !*outcome) return outcome;
  auto token = transaction.bootstrap_token(identity.device);
  if (!token) return refuse(token.error());
  (*outcome)->bootstrap_token = *std::move(token);
  return outcome;
}

CheckInOutcome run_other_check_in(storage::Transaction& transaction, const Claim& claim,
                                  const AuthorisationRules& rules, storage::Time now) {
  const auto authorised = authorise_in(transaction, claim, rules, now);
  if (!authorised) return std::unexpected(authorised.error());
  if (!*authorised) return refuse(authorised->error());
  CheckedIn done;
  done.pin = (*authorised)->pin;
  // A user who is asking for the first time has no record to touch.
  if (!(*authorised)->standing.channel) return Inner(done);
  const Result<void> touched = transaction.touch(claim.identity.enrolment, now);
  if (!touched) return refuse(touched.error());
  return Inner(done);
}

}  // namespace reveille::device

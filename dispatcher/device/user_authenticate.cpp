#include "dispatcher/device/user_authenticate.h"

namespace reveille::device {
namespace {

Claim claim_of(const mdm::Identity& identity, const storage::Sha256& certificate) {
  return {.kind = MessageKind::user_authenticate, .identity = identity, .certificate = certificate};
}

}  // namespace

CheckInOutcome begin_login(storage::Transaction& transaction, const mdm::Identity& identity,
                           const storage::Sha256& certificate,
                           const std::optional<storage::UserLogin>& login,
                           const AuthorisationRules& rules, storage::Time now) {
  CheckInOutcome outcome =
      run_other_check_in(transaction, claim_of(identity, certificate), rules, now);
  if (!outcome || !*outcome) return outcome;
  const Result<void> put = transaction.put_user_login(identity, login);
  if (put) return outcome;
  if (put.error().code != ErrorCode::overloaded) return std::unexpected(put.error());
  const Refused refused{.refusal = Refusal::overloaded, .detail = put.error().detail};
  return std::expected<CheckedIn, Refused>(std::unexpected(refused));
}

Result<std::expected<bool, Refused>> spend_nonce(storage::Transaction& transaction,
                                                 const mdm::Identity& identity,
                                                 const storage::Sha256& certificate,
                                                 const storage::Sha256& nonce,
                                                 const AuthorisationRules& rules,
                                                 storage::Time now) {
  using Inner = std::expected<bool, Refused>;
  const CheckInOutcome outcome =
      run_other_check_in(transaction, claim_of(identity, certificate), rules, now);
  if (!outcome) return std::unexpected(outcome.error());
  if (!*outcome) return Inner(std::unexpected(outcome->error()));
  const auto login = transaction.user_login(identity.enrolment);
  if (!login) return std::unexpected(login.error());
  // A response to nothing must not end a login: anybody with a user's id could send one.
  if (!*login || (*login)->nonce != nonce) return Inner(false);
  const Result<void> spent = transaction.put_user_login(identity, storage::UserLogin{});
  if (!spent) return std::unexpected(spent.error());
  return Inner(now < (*login)->nonce_expires_at);
}

Result<bool> finish_login(storage::Transaction& transaction, const mdm::Identity& identity,
                          const storage::Sha256& auth_token) {
  const auto login = transaction.user_login(identity.enrolment);
  if (!login) return std::unexpected(login.error());
  if (*login != storage::UserLogin{}) return false;
  storage::UserLogin done;
  done.auth_token = auth_token;
  const Result<void> put = transaction.put_user_login(identity, done);
  if (!put) return std::unexpected(put.error());
  return true;
}

}  // namespace reveille::device

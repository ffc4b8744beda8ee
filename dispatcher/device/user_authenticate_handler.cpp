#include "dispatcher/device/user_authenticate_handler.h"

#include <optional>
#include <utility>

#include "dispatcher/device/bound_work.h"
#include "dispatcher/device/secret_text.h"
#include "dispatcher/device/user_authenticate.h"
#include "protocol/mdm/check_in_answer.h"

namespace reveille::device {
namespace {

using Reply = boost::asio::awaitable<http::Response>;

http::Response property_list(Bytes body) {
  http::Response response;
  response.headers.push_back({"content-type", "application/xml"});
  response.body = std::move(body);
  return response;
}

Reply begin(Parts& parts, const mdm::Identity& identity, const Caller& caller,
            const Sender& sender) {
  const UserAuthentication& users = parts.services.users;
  std::string nonce;
  std::optional<storage::UserLogin> login;
  if (users.policy == UserPolicy::digest) {
    nonce = new_secret(parts.random);
    login.emplace();
    login->nonce = hash_of_secret(nonce);
    login->nonce_expires_at = parts.clock.wall_now() + users.nonce_lifetime;
  }
  const storage::Sha256 certificate = caller.certificate;
  const auto work = [identity, certificate, login, rules = parts.rules.authorisation](
                        storage::Transaction& transaction, storage::Time now) {
    return begin_login(transaction, identity, certificate, login, rules, now);
  };
  const auto outcome = co_await run_bound<std::expected<CheckedIn, Refused>>(parts, identity,
                                                                             certificate, work);
  if (!outcome) co_return refuse(parts, outcome.error(), sender);
  if (!*outcome) co_return refuse(parts, outcome->error(), sender);
  if (users.policy == UserPolicy::refuse) {
    const Refused refused{.refusal = Refusal::user_not_managed, .detail = {}};
    co_return refuse(parts, refused, sender);
  }
  const bool asks = users.policy == UserPolicy::digest;
  co_return property_list(mdm::write_digest_challenge(
      asks ? pki::write_digest_challenge(nonce, users.realm) : std::string()));
}

// Wrong passwords, nonces and users all look alike to the device, and differ in the log.
http::Response refuse_login(Parts& parts, const Sender& sender, const char* reason) {
  parts.statistics.logins_refused.add_one();
  parts.log.warning("login refused", {{"enrolment", sender.enrolment->text()},
                                      {"reason", reason},
                                      {"address", sender.address}});
  return property_list(mdm::write_auth_token(""));
}

bool names_another(const mdm::Identity& identity, const std::string& user_name) {
  return identity.user_short_name && *identity.user_short_name != user_name;
}

Reply finish(Parts& parts, const mdm::UserAuthenticate& message, const Caller& caller,
             const Sender& sender) {
  const UserAuthentication& users = parts.services.users;
  const mdm::Identity& identity = message.identity;
  const auto credentials = pki::parse_digest_credentials(*message.digest_response);
  if (!credentials) {
    const Refused refused{.refusal = Refusal::malformed, .detail = credentials.error().detail};
    co_return refuse(parts, refused, sender);
  }
  const storage::Sha256 certificate = caller.certificate;
  const storage::Sha256 nonce = hash_of_secret(credentials->nonce);
  const auto spend = [identity, certificate, nonce, rules = parts.rules.authorisation](
                         storage::Transaction& transaction, storage::Time now) {
    return spend_nonce(transaction, identity, certificate, nonce, rules, now);
  };
  const auto spent =
      co_await run_bound<std::expected<bool, Refused>>(parts, identity, certificate, spend);
  if (!spent) co_return refuse(parts, spent.error(), sender);
  if (!*spent) co_return refuse(parts, spent->error(), sender);
  if (!**spent) co_return refuse_login(parts, sender, "nonce");
  if (credentials->realm != users.realm) co_return refuse_login(parts, sender, "realm");
  if (names_another(identity, credentials->user_name)) {
    co_return refuse_login(parts, sender, "user name");
  }

  const Result<bool> proved = co_await users.directory->proves(*credentials);
  if (!proved) co_return refuse(parts, proved.error(), sender);
  if (!*proved) co_return refuse_login(parts, sender, "password");
  const std::string token = new_secret(parts.random);
  std::move_only_function<Result<bool>(storage::Transaction&)> keep =
      [identity, hash = hash_of_secret(token)](storage::Transaction& transaction) {
        return finish_login(transaction, identity, hash);
      };
  const Result<bool> kept = co_await run_in_storage<bool>(
      parts.storage, storage::partition_of(identity.device), std::move(keep));
  if (!kept) co_return refuse(parts, kept.error(), sender);
  if (!*kept) co_return refuse_login(parts, sender, "another login began");
  parts.statistics.logins.add_one();
  co_return property_list(mdm::write_auth_token(token));
}

}  // namespace

Reply handle_user_authenticate(Parts& parts, const mdm::UserAuthenticate& message,
                               const Caller& caller, const Sender& sender) {
  if (mdm::is_account_driven(message.identity.kind)) {
    const Refused refused{.refusal = Refusal::wrong_enrolment, .detail = {}};
    co_return refuse(parts, refused, sender);
  }
  const bool answers = message.digest_response.has_value();
  if (answers && parts.services.users.policy == UserPolicy::digest) {
    co_return co_await finish(parts, message, caller, sender);
  }
  // A response that nobody asked for, since the policy has changed meanwhile: as at the beginning.
  co_return co_await begin(parts, message.identity, caller, sender);
}

}  // namespace reveille::device

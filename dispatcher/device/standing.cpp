#include "dispatcher/device/standing.h"

#include <utility>

namespace reveille::device {
namespace {

// Renewals that a device may have slept through; one a year is usual.
constexpr std::size_t renewals_followed_max = 64;

Result<void> read_lineage(storage::Transaction& transaction, const storage::Sha256& certificate,
                          storage::Time now, Standing& standing) {
  storage::Sha256 at = certificate;
  for (std::size_t hops = 0; hops < renewals_followed_max; ++hops) {
    const auto issued = transaction.find_certificate(at);
    if (!issued) return std::unexpected(issued.error());
    if (!*issued || !(*issued)->renews) return {};
    at = *(*issued)->renews;
    standing.renews.push_back(at);
    if (standing.device && is_accepted(*standing.device, at, now)) return {};
  }
  return {};
}

// How long after its issue the certificate of a new link may take to show itself, where the clock
// does not tell whether it is new. An enrolment takes seconds.
constexpr std::chrono::hours new_for{24};

// Whether `presented` was issued before `pinned`, by wall-clock times. A pinned time that lies
// ahead of now was read from a clock that ran ahead and was set right: then what is issued today
// seems older, though it is not.
bool is_of_earlier_time(storage::Time presented, storage::Time pinned, storage::Time now) {
  if (presented >= pinned) return false;
  if (pinned <= now || presented > now) return true;  // both were read from one clock
  return now - presented > new_for;
}

Result<bool> is_issued_before(storage::Transaction& transaction, const storage::Sha256& certificate,
                              const storage::Sha256& pinned, storage::Time now) {
  const auto presented = transaction.find_certificate(certificate);
  if (!presented) return std::unexpected(presented.error());
  const auto current = transaction.find_certificate(pinned);
  if (!current) return std::unexpected(current.error());
  if (!*presented || !*current) return false;
  return is_of_earlier_time((*presented)->issued_at, (*current)->issued_at, now);
}

}  // namespace

Result<Standing> read_standing(storage::Transaction& transaction, MessageKind kind,
                               const mdm::Identity& identity, const storage::Sha256& certificate,
                               const AuthorisationRules& rules, storage::Time now) {
  Standing standing;
  auto device = transaction.find_enrolment(identity.device);
  if (!device) return std::unexpected(device.error());
  standing.device = *std::move(device);
  if (identity.is_user_channel()) {
    auto channel = transaction.find_enrolment(identity.enrolment);
    if (!channel) return std::unexpected(channel.error());
    standing.channel = *std::move(channel);
    if (rules.demand_auth_token && kind != MessageKind::user_authenticate) {
      auto login = transaction.user_login(identity.enrolment);
      if (!login) return std::unexpected(login.error());
      standing.login = *std::move(login);
    }
  } else {
    standing.channel = standing.device;
  }
  if (standing.device && is_accepted(*standing.device, certificate, now)) return standing;

  auto bound = transaction.bound_device(certificate);
  if (!bound) return std::unexpected(bound.error());
  standing.bound_device = *std::move(bound);
  if (!standing.device) return standing;
  if (kind == MessageKind::authenticate) {
    const auto before =
        is_issued_before(transaction, certificate, standing.device->certificate, now);
    if (!before) return std::unexpected(before.error());
    standing.issued_before_pinned = *before;
  }
  const Result<void> read = read_lineage(transaction, certificate, now, standing);
  if (!read) return std::unexpected(read.error());
  return standing;
}

Result<std::expected<Authorised, Refusal>> authorise_in(storage::Transaction& transaction,
                                                        const Claim& claim,
                                                        const AuthorisationRules& rules,
                                                        storage::Time now) {
  using Inner = std::expected<Authorised, Refusal>;
  Result<Standing> standing =
      read_standing(transaction, claim.kind, claim.identity, claim.certificate, rules, now);
  if (!standing) return std::unexpected(standing.error());
  const auto pin = authorise(claim.kind, claim.identity, claim.certificate, *standing, now);
  if (!pin) return Inner(std::unexpected(pin.error()));
  if (const auto refusal = check_login(claim.kind, claim.identity, claim.auth_token, *standing)) {
    return Inner(std::unexpected(*refusal));
  }
  if (*pin == PinChange::adopt) {
    const Result<void> adopted = transaction.replace_certificate(
        claim.identity.device, claim.certificate, now + rules.renewal_overlap);
    if (!adopted) return std::unexpected(adopted.error());
  }
  return Inner(Authorised{.standing = *std::move(standing), .pin = *pin});
}

}  // namespace reveille::device

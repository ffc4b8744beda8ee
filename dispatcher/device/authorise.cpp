#include "dispatcher/device/authorise.h"

#include <algorithm>

#include "dispatcher/device/secret_text.h"

namespace reveille::device {
namespace {

using storage::EndReason;
using storage::EnrolmentState;

bool renews_accepted(const Standing& standing, storage::Time now) {
  return std::ranges::any_of(standing.renews, [&](const storage::Sha256& earlier) {
    return is_accepted(*standing.device, earlier, now);
  });
}

bool is_unbound(const storage::Enrolment& device) { return device.certificate == storage::Sha256{}; }

bool ended_on_purpose(const storage::Enrolment& enrolment) {
  return enrolment.state == EnrolmentState::ended && enrolment.end_reason != EndReason::unreachable;
}

std::expected<PinChange, Refusal> authorise_authenticate(const mdm::Identity& identity,
                                                         const storage::Sha256& certificate,
                                                         const Standing& standing,
                                                         storage::Time now) {
  if (identity.is_user_channel()) return std::unexpected(Refusal::wrong_channel);
  if (standing.bound_device && *standing.bound_device != identity.device) {
    return std::unexpected(Refusal::certificate_bound_elsewhere);
  }
  if (!standing.device) return PinChange::none;
  const storage::Enrolment& device = *standing.device;
  if (is_accepted(device, certificate, now) || renews_accepted(standing, now)) {
    if (ended_on_purpose(device)) return std::unexpected(Refusal::enrolment_ended);
    return PinChange::none;
  }
  // A stolen certificate of an earlier time must not void the enrolment of today, and neither must
  // what a thief had it renewed to.
  const bool is_of_earlier_time = standing.issued_before_pinned || !standing.renews.empty();
  if (is_of_earlier_time) return std::unexpected(Refusal::certificate_superseded);
  return PinChange::none;
}

std::expected<PinChange, Refusal> check_certificate(const mdm::Identity& identity,
                                                    const storage::Sha256& certificate,
                                                    const Standing& standing, storage::Time now) {
  const storage::Enrolment& device = *standing.device;
  if (is_accepted(device, certificate, now)) return PinChange::none;
  if (!standing.bound_device) {
    return std::unexpected(is_unbound(device) ? Refusal::enrolment_unbound
                                              : Refusal::certificate_unbound);
  }
  if (*standing.bound_device != identity.device) {
    return std::unexpected(Refusal::certificate_bound_elsewhere);
  }
  if (is_unbound(device)) return PinChange::adopt;
  if (!renews_accepted(standing, now)) return std::unexpected(Refusal::certificate_superseded);
  return PinChange::adopt;
}

bool is_welcome_after_end(MessageKind kind, const storage::Enrolment& ended) {
  if (kind == MessageKind::check_out) return true;
  if (kind != MessageKind::token_update || ended.end_reason != EndReason::unreachable) return false;
  // A restore brings back what a device had; an account-driven enrolment is never in a backup, so
  // whoever shows one that APNs had given up got at its key in another way.
  return !is_account_driven(ended.identity.kind);
}

std::optional<Refusal> check_life(MessageKind kind, const mdm::Identity& identity,
                                  const Standing& standing) {
  const auto is_over = [&](const storage::Enrolment& enrolment) {
    return enrolment.state == EnrolmentState::ended && !is_welcome_after_end(kind, enrolment);
  };
  if (is_over(*standing.device)) return Refusal::enrolment_ended;
  if (!identity.is_user_channel()) return std::nullopt;
  // What brings back a device that APNs had given up is its own TokenUpdate, not its users'.
  const bool device_has_ended = standing.device->state == EnrolmentState::ended;
  if (device_has_ended && kind == MessageKind::token_update) return Refusal::enrolment_ended;
  // A user channel begins, also again, with its TokenUpdate; UserAuthenticate comes before that.
  if (kind == MessageKind::token_update || kind == MessageKind::user_authenticate ||
      kind == MessageKind::other_check_in) {
    return std::nullopt;
  }
  if (!standing.channel) return Refusal::enrolment_unknown;
  if (is_over(*standing.channel)) return Refusal::enrolment_ended;
  return std::nullopt;
}

}  // namespace

bool is_accepted(const storage::Enrolment& device, const storage::Sha256& certificate,
                 storage::Time now) {
  if (device.certificate == certificate) return true;
  return device.previous_certificate == certificate && now < device.previous_certificate_until;
}

std::expected<PinChange, Refusal> authorise(MessageKind kind, const mdm::Identity& identity,
                                            const storage::Sha256& certificate,
                                            const Standing& standing, storage::Time now) {
  if (kind == MessageKind::authenticate) {
    return authorise_authenticate(identity, certificate, standing, now);
  }
  if (kind == MessageKind::device_matter && identity.is_user_channel()) {
    return std::unexpected(Refusal::wrong_channel);
  }
  if (!standing.device) return std::unexpected(Refusal::enrolment_unknown);
  const auto pin = check_certificate(identity, certificate, standing, now);
  if (!pin) return pin;
  if (const auto refusal = check_life(kind, identity, standing)) return std::unexpected(*refusal);
  // An enrolment that has ended keeps its pin: there is nothing to renew any more.
  const bool lives = standing.device->state != EnrolmentState::ended;
  return lives ? *pin : PinChange::none;
}

std::optional<Refusal> check_login(MessageKind kind, const mdm::Identity& identity,
                                   const mdm::AuthToken* auth_token, const Standing& standing) {
  if (!identity.is_user_channel() || kind == MessageKind::user_authenticate) return std::nullopt;
  if (!standing.login) return std::nullopt;
  const bool is_proved = auth_token && standing.login->auth_token &&
                         hash_of_secret(auth_token->text) == *standing.login->auth_token;
  if (!is_proved) return Refusal::auth_token_wrong;
  return std::nullopt;
}

}  // namespace reveille::device

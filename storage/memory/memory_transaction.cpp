#include "storage/memory/memory_transaction.h"

#include "protocol/base/ensure.h"
#include "storage/certificate_chain.h"
#include "storage/enrolment_life.h"

namespace reveille::storage::memory {
namespace {

void add_delivery(Counts& counts, DeliveryState state) {
  switch (state) {
    case DeliveryState::queued:
    case DeliveryState::sent:
      ++counts.deliveries_live;
      break;
    case DeliveryState::acknowledged:
      ++counts.deliveries_acknowledged;
      break;
    case DeliveryState::failed:
      ++counts.deliveries_failed;
      break;
    case DeliveryState::cancelled:
      ++counts.deliveries_cancelled;
      break;
    case DeliveryState::expired:
      ++counts.deliveries_expired;
      break;
    case DeliveryState::voided:
      ++counts.deliveries_voided;
      break;
  }
}

// The deliveries of all lives.
Counts tally(const EnrolmentRecord& record) {
  Counts counts = record.earlier_lives;
  for (const QueueEntry& entry : record.entries) add_delivery(counts, entry.delivery.state);
  return counts;
}

// The same for each batch; those of the life that is over have all ended.
auto batch_tally(const EnrolmentRecord& record) {
  auto tally = record.earlier_batches;
  for (const QueueEntry& entry : record.entries) {
    if (entry.delivery.batch) ++tally[{*entry.delivery.batch, entry.delivery.state}];
  }
  return tally;
}

void add_enrolment(Counts& counts, EnrolmentState state, std::uint64_t one) {
  switch (state) {
    case EnrolmentState::pending:
      counts.enrolments_pending += one;
      break;
    case EnrolmentState::enrolled:
      counts.enrolments_enrolled += one;
      break;
    case EnrolmentState::ended:
      counts.enrolments_ended += one;
      break;
  }
}

// Adds or, with -1 (in arithmetic modulo 2^64), takes away.
void add_tally(Counts& counts, const EnrolmentRecord& record, std::uint64_t one) {
  const Counts more = tally(record);
  add_enrolment(counts, record.enrolment.state, one);
  counts.deliveries_live += one * more.deliveries_live;
  counts.deliveries_acknowledged += one * more.deliveries_acknowledged;
  counts.deliveries_failed += one * more.deliveries_failed;
  counts.deliveries_cancelled += one * more.deliveries_cancelled;
  counts.deliveries_expired += one * more.deliveries_expired;
  counts.deliveries_voided += one * more.deliveries_voided;
}

}  // namespace

MemoryTransaction::MemoryTransaction(const StoreOptions& options, std::unique_lock<std::mutex> lock,
                                     State& state, CommittedCounts& counts)
    : options_(options),
      lock_(std::move(lock)),
      counts_(counts),
      enrolments_(state.enrolments),
      user_logins_(state.user_logins),
      commands_(state.commands),
      batches_(state.batches),
      audiences_(state.audiences),
      certificates_(state.certificates),
      challenges_(state.challenges),
      push_certificates_(state.push_certificates) {}

// ---- enrolments ----

Result<std::optional<Enrolment>> MemoryTransaction::find_enrolment(
    const mdm::EnrolmentId& enrolment) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return std::nullopt;
  return record->enrolment;
}

std::vector<mdm::EnrolmentId> MemoryTransaction::user_channels_of(
    const mdm::EnrolmentId& device) const {
  std::vector<mdm::EnrolmentId> users = enrolments_.keys();
  const std::string prefix = device.text() + ':';
  std::erase_if(users, [&](const auto& id) { return !id.text().starts_with(prefix); });
  return users;
}

void MemoryTransaction::end_record(EnrolmentRecord& record, EndReason reason, Time now) {
  if (record.enrolment.state == EnrolmentState::ended) return;
  end_life(record.enrolment, reason, now);
  for (QueueEntry& entry : record.entries) {
    if (is_live(entry)) end_delivery(entry, DeliveryState::voided, now);
  }
  record.wake.due_at.reset();
  record.push_token = {};
  record.push_magic = {};
  record.unlock_token.reset();
  record.bootstrap_token.reset();
}

Result<Enrolment> MemoryTransaction::authenticate(const mdm::Authenticate& message,
                                                  const Sha256& certificate, Time now) {
  const mdm::EnrolmentId& id = message.identity.enrolment;
  const EnrolmentRecord* before = enrolments_.find(id);
  const std::uint32_t generation = before ? before->enrolment.generation + 1 : 1;
  Result<Enrolment> next = begin_life(message, certificate, generation, now);
  if (!next) return next;

  EnrolmentRecord& record = enrolments_.edit(id);
  if (before) end_record(record, EndReason::superseded, now);
  for (const mdm::EnrolmentId& user_id : user_channels_of(id)) {
    EnrolmentRecord& user = enrolments_.edit(user_id);
    end_record(user, EndReason::superseded, now);
    user.enrolment.end_reason = EndReason::superseded;
  }
  forget_user_logins(id);
  EnrolmentRecord fresh;
  fresh.enrolment = *next;
  fresh.earlier_lives = tally(record);
  fresh.earlier_batches = batch_tally(record);
  record = std::move(fresh);
  return next;
}

Result<Enrolment> MemoryTransaction::update_token(const mdm::TokenUpdate& message, Time now) {
  const EnrolmentRecord* before = enrolments_.find(message.identity.enrolment);
  std::optional<Enrolment> stored, device;
  if (before) stored = before->enrolment;
  if (message.identity.is_user_channel()) {
    device = find_enrolment(message.identity.device).value();
  }
  Result<Enrolment> next = after_token_update(stored, device, message, now);
  if (!next) return next;

  EnrolmentRecord& record = enrolments_.edit(message.identity.enrolment);
  if (stored && stored->generation != next->generation) {
    EnrolmentRecord fresh;
    fresh.earlier_lives = tally(record);
    fresh.earlier_batches = batch_tally(record);
    record = std::move(fresh);
  }
  const bool was_parked = record.enrolment.push_parked;
  record.enrolment = *next;
  record.push_token = message.push_token;
  record.push_magic = message.push_magic;
  if (message.unlock_token) record.unlock_token = message.unlock_token;
  record.wake.forget_attempts();
  if (was_parked) record.wake.due_at.reset();
  if (live_count(record) > 0) {
    if (!record.wake.due_at) record.wake.priority = Priority::bulk;
    record.wake.due_at = now;  // also when it was due: a push to the token before must not count
  }
  return next;
}

Result<void> MemoryTransaction::end_enrolment(const mdm::EnrolmentId& enrolment, EndReason reason,
                                              Time now) {
  ensure(reason != EndReason::superseded, "only authenticate() supersedes");
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return no_enrolment(enrolment);
  if (record->enrolment.state == EnrolmentState::ended) return {};
  end_record(enrolments_.edit(enrolment), reason, now);
  for (const mdm::EnrolmentId& user : user_channels_of(enrolment)) {
    end_record(enrolments_.edit(user), reason, now);
  }
  forget_user_logins(enrolment);
  return {};
}

Result<void> MemoryTransaction::replace_certificate(const mdm::EnrolmentId& device,
                                                    const Sha256& certificate,
                                                    Time previous_accepted_until) {
  const EnrolmentRecord* record = enrolments_.find(device);
  if (!record || record->enrolment.identity.is_user_channel()) return no_enrolment(device);
  if (record->enrolment.state == EnrolmentState::ended) {
    return failure(ErrorCode::conflict, "enrolment " + device.text() + " has ended");
  }
  if (record->enrolment.certificate == certificate) return {};
  Enrolment& enrolment = enrolments_.edit(device).enrolment;
  enrolment.previous_certificate = enrolment.certificate;
  enrolment.previous_certificate_until = previous_accepted_until;
  enrolment.certificate = certificate;
  return {};
}

Result<void> MemoryTransaction::touch(const mdm::EnrolmentId& enrolment, Time now) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return {};
  const Time seen = record->wake.last_seen_at;
  if (seen != Time{} && now - seen < options_.last_seen_resolution) return {};
  enrolments_.edit(enrolment).wake.last_seen_at = now;
  return {};
}

Result<std::vector<Enrolment>> MemoryTransaction::list_enrolments(const mdm::EnrolmentId& after,
                                                                  std::size_t count_max) {
  std::vector<Enrolment> listed;
  const auto& all = enrolments_.committed();
  for (auto it = all.upper_bound(after); it != all.end() && listed.size() < count_max; ++it) {
    listed.push_back(it->second.enrolment);
  }
  return listed;
}

// ---- certificates, challenges, push certificates ----

Result<void> MemoryTransaction::record_certificate(const IssuedCertificate& certificate) {
  const CertificateRecord* record = certificates_.find(certificate.sha256);
  if (record && record->issued) return {};
  certificates_.edit(certificate.sha256).issued = certificate;
  return {};
}

Result<Sha256> MemoryTransaction::first_of_line(const Sha256& certificate) {
  Sha256 at = certificate;
  for (std::size_t hops = 0; hops <= renewals_max; ++hops) {
    const CertificateRecord* record = certificates_.find(at);
    if (!record || !record->issued || !record->issued->renews) return at;
    at = *record->issued->renews;
  }
  return renewed_too_often();
}

Result<void> MemoryTransaction::bind_certificate(const Sha256& certificate,
                                                 const mdm::EnrolmentId& device) {
  const auto bound = bound_device(certificate);
  if (!bound) return std::unexpected(bound.error());
  if (*bound && **bound != device) return certificate_is_taken();
  certificates_.edit(certificate).device = device;
  return {};
}

Result<std::optional<mdm::EnrolmentId>> MemoryTransaction::bound_device(const Sha256& certificate) {
  Sha256 at = certificate;
  for (std::size_t hops = 0; hops <= renewals_max; ++hops) {
    const CertificateRecord* record = certificates_.find(at);
    if (!record) return std::nullopt;
    if (record->device) return record->device;
    if (!record->issued || !record->issued->renews) return std::nullopt;
    at = *record->issued->renews;
  }
  return renewed_too_often();
}

Result<std::optional<IssuedCertificate>> MemoryTransaction::find_certificate(
    const Sha256& certificate) {
  const CertificateRecord* record = certificates_.find(certificate);
  if (!record) return std::nullopt;
  return record->issued;
}

Result<std::vector<KnownCertificate>> MemoryTransaction::list_certificates(const Sha256& after,
                                                                           std::size_t count_max) {
  std::vector<KnownCertificate> listed;
  const auto& all = certificates_.committed();
  for (auto it = all.upper_bound(after); it != all.end() && listed.size() < count_max; ++it) {
    auto device = bound_device(it->first);
    if (!device) return std::unexpected(std::move(device.error()));
    listed.push_back(
        {.sha256 = it->first, .issued = it->second.issued, .device = *std::move(device)});
  }
  return listed;
}

Result<void> MemoryTransaction::revoke_certificate(const Sha256& certificate, Time /*now*/) {
  certificates_.edit(certificate).revoked = true;
  return {};
}

Result<std::vector<Sha256>> MemoryTransaction::revoked_certificates() {
  std::vector<Sha256> revoked;
  for (const Sha256& certificate : certificates_.keys()) {
    if (certificates_.find(certificate)->revoked) revoked.push_back(certificate);
  }
  return revoked;
}

Result<void> MemoryTransaction::add_challenge(const Sha256& challenge, Time expires_at) {
  if (challenges_.find(challenge)) return {};
  challenges_.edit(challenge).expires_at = expires_at;
  return {};
}

Result<Bytes> MemoryTransaction::spend_challenge(const Sha256& challenge, const Sha256& public_key,
                                                 BytesView certificate, Time now) {
  const ChallengeRecord* record = challenges_.find(challenge);
  if (!record) return failure(ErrorCode::unauthorised, "the challenge is unknown");
  if (now >= record->expires_at) {
    return failure(ErrorCode::unauthorised, "the challenge has expired");
  }
  if (record->spent_on && *record->spent_on != public_key) {
    return failure(ErrorCode::unauthorised, "the challenge was spent on another key");
  }
  if (record->certificate) return *record->certificate;
  ChallengeRecord& spent = challenges_.edit(challenge);
  spent.spent_on = public_key;
  spent.certificate = Bytes(certificate);
  return Bytes(certificate);
}

Result<bool> MemoryTransaction::challenge_is_open(const Sha256& challenge, Time now) {
  const ChallengeRecord* record = challenges_.find(challenge);
  return record && now < record->expires_at && !record->spent_on;
}

Result<void> MemoryTransaction::put_push_certificate(const PushCertificateRecord& record) {
  push_certificates_.edit(record.topic) = record;
  return {};
}

Result<std::vector<PushCertificateRecord>> MemoryTransaction::push_certificates() {
  std::vector<PushCertificateRecord> records;
  for (const std::string& topic : push_certificates_.keys()) {
    records.push_back(*push_certificates_.find(topic));
  }
  return records;
}

Result<void> MemoryTransaction::commit() {
  Counts counts = counts_.get();
  for (const auto& [id, record] : enrolments_.changed()) {
    if (const EnrolmentRecord* before = enrolments_.find_committed(id)) {
      add_tally(counts, *before, static_cast<std::uint64_t>(-1));
    }
    add_tally(counts, record, 1);
  }
  enrolments_.commit();
  user_logins_.commit();
  commands_.commit();
  batches_.commit();
  audiences_.commit();
  certificates_.commit();
  challenges_.commit();
  push_certificates_.commit();
  counts.commands = commands_.committed().size();
  counts_.set(counts);
  return {};
}

}  // namespace reveille::storage::memory

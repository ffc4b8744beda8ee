#include "storage/records.h"

#include <algorithm>

#include "protocol/base/ensure.h"

namespace reveille::storage {
namespace {

// FNV-1a, 64 bit: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t fnv1a(BytesView bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash;
}

Partition partition_of_bytes(BytesView bytes) {
  return {.index = static_cast<std::uint8_t>(fnv1a(bytes) % Partition::count)};
}

}  // namespace

Sha256 Sha256::from(BytesView raw) {
  Sha256 digest;
  ensure(raw.size() == digest.bytes.size(), "a SHA-256 digest has 32 bytes");
  std::ranges::copy(raw, digest.bytes.begin());
  return digest;
}

Partition partition_of(const mdm::EnrolmentId& enrolment) {
  const BytesView text = enrolment.text();
  return partition_of_bytes(text.substr(0, text.find(':')));
}

Partition partition_of(const mdm::CommandUuid& command) { return partition_of_bytes(command.text); }

Partition partition_of(const BatchId& batch) { return partition_of_bytes(batch.text); }

Partition partition_of(const Sha256& key) { return partition_of_bytes(key.view()); }

const char* name_of(EnrolmentState state) {
  switch (state) {
    case EnrolmentState::pending:
      return "pending";
    case EnrolmentState::enrolled:
      return "enrolled";
    case EnrolmentState::ended:
      return "ended";
  }
  return "unknown";
}

const char* name_of(EndReason reason) {
  switch (reason) {
    case EndReason::checked_out:
      return "checked_out";
    case EndReason::erased:
      return "erased";
    case EndReason::superseded:
      return "superseded";
    case EndReason::unreachable:
      return "unreachable";
    case EndReason::removed:
      return "removed";
  }
  return "unknown";
}

const char* name_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::queued:
      return "queued";
    case DeliveryState::sent:
      return "sent";
    case DeliveryState::acknowledged:
      return "acknowledged";
    case DeliveryState::failed:
      return "failed";
    case DeliveryState::cancelled:
      return "cancelled";
    case DeliveryState::expired:
      return "expired";
    case DeliveryState::voided:
      return "voided";
  }
  return "unknown";
}

const char* name_of(Priority priority) {
  return priority == Priority::urgent ? "urgent" : "bulk";
}

const char* name_of(BatchState state) {
  switch (state) {
    case BatchState::running:
      return "running";
    case BatchState::paused:
      return "paused";
    case BatchState::cancelled:
      return "cancelled";
  }
  return "unknown";
}

const char* name_of(AudienceKind kind) {
  switch (kind) {
    case AudienceKind::ids:
      return "ids";
    case AudienceKind::all_devices:
      return "all_devices";
    case AudienceKind::all_users:
      return "all_users";
    case AudienceKind::all:
      return "all";
  }
  return "unknown";
}

const char* name_of(BatchPhase phase) {
  switch (phase) {
    case BatchPhase::expanding:
      return "expanding";
    case BatchPhase::expanded:
      return "expanded";
    case BatchPhase::withdrawing:
      return "withdrawing";
    case BatchPhase::done:
      return "done";
  }
  return "unknown";
}

const PushCertificateRecord* push_certificate_in_use(
    std::span<const PushCertificateRecord> certificates) {
  const auto newest = std::ranges::max_element(certificates, {}, &PushCertificateRecord::stored_at);
  return newest == certificates.end() ? nullptr : &*newest;
}

}  // namespace reveille::storage

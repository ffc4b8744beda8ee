#include "dispatcher/enrolment/revocations.h"

namespace reveille::enrolment {

void Revocations::add(std::span<const storage::Sha256> certificates) {
  const std::lock_guard lock(mutex_);
  certificates_.insert(certificates.begin(), certificates.end());
  count_.store(certificates_.size(), std::memory_order_release);
}

bool Revocations::contains(const storage::Sha256& certificate) const {
  if (count() == 0) return false;
  const std::lock_guard lock(mutex_);
  return certificates_.contains(certificate);
}

}  // namespace reveille::enrolment

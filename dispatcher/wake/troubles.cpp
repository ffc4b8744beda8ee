#include "dispatcher/wake/troubles.h"

namespace reveille::wake {
namespace {

// A token whose rest is over for so long was pushed since, or has no more work.
constexpr std::chrono::hours remembered_for{1};
constexpr std::chrono::minutes sweep_interval{1};

}  // namespace

const Troubles::Trouble* Troubles::find(const storage::DueWake& wake) const {
  if (troubles_.empty()) return nullptr;
  const auto found = troubles_.find(wake.enrolment);
  if (found == troubles_.end()) return nullptr;
  return found->second.token_updated_at == wake.token_updated_at ? &found->second : nullptr;
}

std::uint32_t Troubles::failures(const storage::DueWake& wake) const {
  const Trouble* trouble = find(wake);
  return trouble ? trouble->failures : 0;
}

std::optional<storage::Time> Troubles::rests_until(const storage::DueWake& wake,
                                                   storage::Time now) const {
  const Trouble* trouble = find(wake);
  if (!trouble || trouble->rests_until <= now) return std::nullopt;
  return trouble->rests_until;
}

bool Troubles::is_busy(const storage::DueWake& wake) const {
  const Trouble* trouble = find(wake);
  return trouble && trouble->rest == Rest::asked_by_apns;
}

void Troubles::add(const storage::DueWake& wake, storage::Time rests_until, storage::Time now,
                   Rest rest) {
  const std::uint32_t failures_before = failures(wake);
  if (troubles_.size() >= tokens_max_ && !troubles_.contains(wake.enrolment)) {
    forget_old(now);
    if (troubles_.size() >= tokens_max_) return;
  }
  troubles_[wake.enrolment] = {.failures = failures_before + 1,
                               .token_updated_at = wake.token_updated_at,
                               .rests_until = rests_until,
                               .rest = rest};
}

void Troubles::forget_old(storage::Time now) {
  if (now < swept_at_ + sweep_interval && now >= swept_at_) return;
  swept_at_ = now;
  std::erase_if(troubles_,
                [&](const auto& entry) { return entry.second.rests_until + remembered_for < now; });
}

}  // namespace reveille::wake

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "storage/records.h"

namespace reveille::wake {

// The tokens that APNs could not take lately, so that each backs off alone, and further work does
// not push it earlier. At most `tokens_max`: of more, back-off begins anew each time, as after a
// restart. One thread.
class Troubles {
 public:
  explicit Troubles(std::size_t tokens_max) : tokens_max_(tokens_max) {}

  // In a row, of this token.
  std::uint32_t failures(const storage::DueWake& wake) const;
  // When the token may be pushed, if that is after `now`.
  std::optional<storage::Time> rests_until(const storage::DueWake& wake, storage::Time now) const;
  // Whether APNs itself asked for the rest (429): then nobody may cut it short.
  bool is_busy(const storage::DueWake& wake) const;

  enum class Rest : std::uint8_t { ours, asked_by_apns };
  void add(const storage::DueWake& wake, storage::Time rests_until, storage::Time now,
           Rest rest = Rest::ours);
  void forget(const mdm::EnrolmentId& enrolment) {
    if (!troubles_.empty()) troubles_.erase(enrolment);
  }

  std::size_t size() const { return troubles_.size(); }

 private:
  struct Trouble {
    std::uint32_t failures = 0;
    storage::Time token_updated_at{};  // a later token starts afresh
    storage::Time rests_until{};
    Rest rest = Rest::ours;
  };

  const Trouble* find(const storage::DueWake& wake) const;
  void forget_old(storage::Time now);

  const std::size_t tokens_max_;
  std::unordered_map<mdm::EnrolmentId, Trouble> troubles_;
  storage::Time swept_at_{};
};

}  // namespace reveille::wake

#include "storage/memory/memory_store.h"

#include "storage/memory/memory_state.h"
#include "storage/memory/memory_transaction.h"

namespace reveille::storage {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const StoreOptions& options) : options_(options) {}

  std::unique_ptr<Transaction> begin() override {
    return std::make_unique<memory::MemoryTransaction>(options_, std::unique_lock(mutex_), state_,
                                                       counts_);
  }

  std::optional<Glance> glance(const mdm::EnrolmentId& enrolment, Time now) const override {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return std::nullopt;
    const auto found = state_.enrolments.find(enrolment);
    if (found == state_.enrolments.end()) return std::nullopt;
    const memory::EnrolmentRecord& record = found->second;
    const bool at_rest = memory::live_count(record) == 0 &&
                         wakes_are_quiet(record.wake, options_.last_seen_resolution, now);
    return Glance{.enrolment = record.enrolment, .at_rest = at_rest};
  }

  Counts counts() const override { return counts_.get(); }

 private:
  const StoreOptions options_;
  mutable std::mutex mutex_;
  memory::State state_;  // guarded by mutex_
  memory::CommittedCounts counts_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace reveille::storage

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

  Counts counts() const override { return counts_.get(); }

 private:
  const StoreOptions options_;
  std::mutex mutex_;
  memory::State state_;  // guarded by mutex_
  memory::CommittedCounts counts_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace reveille::storage

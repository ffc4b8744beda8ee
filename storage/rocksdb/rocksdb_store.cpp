#include "storage/rocksdb/rocksdb_store.h"

#include "storage/rocksdb/database.h"
#include "storage/rocksdb/glance.h"
#include "storage/rocksdb/transaction.h"

namespace reveille::storage {
namespace {

class RocksdbStore final : public Store {
 public:
  explicit RocksdbStore(std::unique_ptr<rocks::Database> database)
      : database_(std::move(database)) {}

  std::unique_ptr<Transaction> begin() override {
    return std::make_unique<rocks::RocksdbTransaction>(*database_);
  }

  std::optional<Glance> glance(const mdm::EnrolmentId& enrolment, Time now) const override {
    return rocks::glance(*database_, enrolment, now);
  }

  Counts counts() const override { return database_->counts(); }
  bool broken() const override { return database_->broken(); }

 private:
  std::unique_ptr<rocks::Database> database_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb_store(const RocksdbOptions& options) {
  auto database = rocks::Database::open(options);
  if (!database) return std::unexpected(database.error());
  return std::make_unique<RocksdbStore>(std::move(*database));
}

}  // namespace reveille::storage

#include "storage/rocksdb/glance.h"

#include "storage/rocksdb/layout.h"

namespace reveille::storage::rocks {
namespace {

template <typename Row>
std::optional<Row> read_from_memory(Database& database, Table table, const Bytes& key,
                                    Result<Row> (*decode)(BytesView)) {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database.rocks().Get(options, database.handle(table), key, &value);
  if (!status.ok()) return std::nullopt;
  Result<Row> row = decode({value.data(), value.size()});
  if (!row) return std::nullopt;
  return *std::move(row);
}

}  // namespace

std::optional<Glance> glance(Database& database, const mdm::EnrolmentId& enrolment, Time now) {
  if (enrolment.empty()) return std::nullopt;
  const auto schedule =
      read_from_memory(database, Table::schedules, schedule_key(enrolment), decode_schedule);
  if (!schedule) return std::nullopt;
  auto record = read_from_memory(database, Table::enrolments, enrolment.text(), decode_enrolment);
  // A commit may fall between the reads; of two lives it cannot be told what is at rest.
  if (!record || record->generation != schedule->generation) return std::nullopt;
  const bool at_rest =
      schedule->live == 0 &&
      wakes_are_quiet(schedule->wake, database.options().last_seen_resolution, now);
  return Glance{.enrolment = *std::move(record), .at_rest = at_rest};
}

}  // namespace reveille::storage::rocks

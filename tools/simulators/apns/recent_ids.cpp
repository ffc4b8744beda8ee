#include "tools/simulators/apns/recent_ids.h"

#include <utility>

namespace reveille::simulators::apns {
namespace {

std::size_t hash_of(const ApnsId& id) { return mix(id.low ^ id.high); }

}  // namespace

void RecentIds::expect(const ApnsId& id) const {
  for (const Table* table : {&newer_, &older_}) {
    if (table->places.empty()) continue;
    __builtin_prefetch(&table->places[hash_of(id) & (table->places.size() - 1)], 1);
  }
}

IdRecord* RecentIds::Table::find(const ApnsId& id) {
  if (places.empty()) return nullptr;
  const std::size_t mask = places.size() - 1;
  for (std::size_t i = hash_of(id) & mask;; i = (i + 1) & mask) {
    IdRecord& place = places[i];
    if (place.id == id) return &place;
    if (place.id == ApnsId()) return nullptr;
  }
}

void RecentIds::Table::add(const IdRecord& record) {
  if (2 * (count + 1) > places.size()) {
    const std::vector<IdRecord> before = std::move(places);
    places.assign(before.empty() ? 1024 : before.size() * 2, IdRecord());
    count = 0;
    for (const IdRecord& old : before) {
      if (old.id != ApnsId()) add(old);
    }
  }
  const std::size_t mask = places.size() - 1;
  std::size_t i = hash_of(record.id) & mask;
  while (places[i].id != ApnsId()) i = (i + 1) & mask;
  places[i] = record;
  ++count;
}

IdRecord* RecentIds::find(const ApnsId& id) {
  if (id == ApnsId()) return nullptr;  // of no UUID
  IdRecord* found = newer_.find(id);
  return found == nullptr ? older_.find(id) : found;
}

void RecentIds::add(const IdRecord& record) {
  if (record.id == ApnsId()) return;
  if (newer_.count >= count_max_) {
    older_ = std::move(newer_);
    newer_ = Table();
  }
  newer_.add(record);
}

}  // namespace reveille::simulators::apns

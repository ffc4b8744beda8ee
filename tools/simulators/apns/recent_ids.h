#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/simulators/apns/apns_id.h"

namespace reveille::simulators::apns {

// What is remembered of an apns-id. Half a line of the cache: a lookup costs one miss.
struct alignas(32) IdRecord {
  ApnsId id;
  std::uint64_t token = 0;  // its mark: see mark_of()
  std::uint32_t answered_at_milliseconds = 0;
  std::uint32_t connection : 30 = 0;
  std::uint32_t accepted : 1 = 0;
  std::uint32_t answer_lost : 1 = 0;  // on purpose: the provider cannot know of it
};
static_assert(sizeof(IdRecord) == 32);

// The newest apns-ids, between `count` and twice as many: two tables, of which the older is
// dropped when the newer is full. Memory: 32 bytes a place, at most half of them taken;
// starts small.
class RecentIds {
 public:
  explicit RecentIds(std::size_t count) : count_max_(count) {}

  // find() will soon be called: the memory it will read is fetched meanwhile.
  void expect(const ApnsId& id) const;
  IdRecord* find(const ApnsId& id);
  // `record.id` is not there yet.
  void add(const IdRecord& record);

 private:
  struct Table {
    std::vector<IdRecord> places;  // a power of two; id 0 marks a free one
    std::size_t count = 0;

    IdRecord* find(const ApnsId& id);
    void add(const IdRecord& record);
  };

  const std::size_t count_max_;
  Table newer_, older_;
};

}  // namespace reveille::simulators::apns

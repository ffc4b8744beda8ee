#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "dispatcher/batch/expansion.h"
#include "dispatcher/wake/moment.h"
#include "storage/records.h"

// What the expander has to read of the store before it can go on: at the start what is unfinished,
// later what was changed.
namespace reveille::batch {

// A page of one partition's unfinished batches: an order, then its answer.
struct Listing {
  static constexpr std::size_t ids_max = 256;

  storage::Partition partition;
  storage::BatchId after;
  std::vector<storage::BatchId> ids;
  Result<void> outcome;
};

// Why a batch is read.
struct Wanted {
  storage::BatchId id;
  Partitions unfinished;  // listed there
  bool changed = false;   // somebody said so
};

struct Lookup {
  static constexpr std::size_t ids_max = 64;

  std::vector<Wanted> wanted;
  std::vector<std::optional<storage::Batch>> batches;  // by position
  Result<void> outcome;
};

// One listing and one lookup at a time, so that their answers are in the order of the commits that
// they saw. What fails is tried again, at growing intervals. Listings wait while much is to be
// looked up: a start with many batches reads them by and by.
class Reading {
 public:
  Reading() { list_all(); }

  // ---- events ----
  void list_all();  // also again: what was missed is found
  void want(const storage::BatchId& changed);
  void answered(Listing&& listing, const Moment& now);
  // A failed one; of the others the caller makes use.
  void answered(Lookup&& lookup, const Moment& now);

  // ---- decisions: nullopt: nothing now ----
  std::optional<Listing> next_listing(const Moment& now);
  std::optional<Lookup> next_lookup(const Moment& now);
  Clock::SteadyTime next_at() const;

 private:
  bool may_list() const;
  void fail(const Moment& now);

  Partitions unlisted_;
  storage::BatchId listed_;  // of the first unlisted partition: up to here
  std::map<storage::BatchId, Wanted> wanted_;
  bool listing_ = false, looking_up_ = false;
  bool listing_is_old_ = false;  // list_all() came after it was asked for
  std::uint32_t failures_ = 0;
  Clock::SteadyTime not_before_{};
};

}  // namespace reveille::batch

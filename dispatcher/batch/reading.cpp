#include "dispatcher/batch/reading.h"

#include <bit>
#include <utility>

#include "dispatcher/wake/schedule.h"

namespace reveille::batch {
namespace {

constexpr std::size_t wanted_max = 1'024;  // before a listing waits
constexpr std::chrono::milliseconds failure_first{100};
constexpr std::chrono::milliseconds failure_max{10'000};

storage::Partition first_of(const Partitions& partitions) {
  return {.index = static_cast<std::uint8_t>(std::countr_zero(partitions.to_ulong()))};
}

}  // namespace

void Reading::list_all() {
  unlisted_.set();
  listed_ = {};
  listing_is_old_ = listing_;
}

void Reading::want(const storage::BatchId& changed) {
  Wanted& wanted = wanted_[changed];
  wanted.id = changed;
  wanted.changed = true;
}

void Reading::fail(const Moment& now) {
  not_before_ = now.steady + wake::back_off(failure_first, failure_max, failures_++);
}

void Reading::answered(Listing&& listing, const Moment& now) {
  listing_ = false;
  if (!listing.outcome) {
    listing_is_old_ = false;
    fail(now);
    return;
  }
  failures_ = 0;
  for (const storage::BatchId& id : listing.ids) {
    Wanted& wanted = wanted_[id];
    wanted.id = id;
    wanted.unfinished.set(listing.partition.index);
  }
  if (std::exchange(listing_is_old_, false)) return;
  if (listing.ids.size() < Listing::ids_max) {
    unlisted_.reset(listing.partition.index);
    listed_ = {};
  } else {
    listed_ = listing.ids.back();
  }
}

void Reading::answered(Lookup&& lookup, const Moment& now) {
  looking_up_ = false;
  if (lookup.outcome) {
    failures_ = 0;
    return;
  }
  fail(now);
  for (Wanted& wanted : lookup.wanted) {
    Wanted& again = wanted_[wanted.id];
    again.unfinished |= wanted.unfinished;
    again.changed = again.changed || wanted.changed;
    again.id = std::move(wanted.id);
  }
}

bool Reading::may_list() const {
  return unlisted_.any() && !listing_ && wanted_.size() < wanted_max;
}

std::optional<Listing> Reading::next_listing(const Moment& now) {
  if (!may_list() || now.steady < not_before_) return {};
  listing_ = true;
  Listing listing;
  listing.partition = first_of(unlisted_);
  listing.after = listed_;
  return listing;
}

std::optional<Lookup> Reading::next_lookup(const Moment& now) {
  if (wanted_.empty() || looking_up_ || now.steady < not_before_) return {};
  looking_up_ = true;
  Lookup lookup;
  while (!wanted_.empty() && lookup.wanted.size() < Lookup::ids_max) {
    lookup.wanted.push_back(std::move(wanted_.extract(wanted_.begin()).mapped()));
  }
  return lookup;
}

Clock::SteadyTime Reading::next_at() const {
  const bool has_lookup = !wanted_.empty() && !looking_up_;
  return has_lookup || may_list() ? not_before_ : Clock::SteadyTime::max();
}

}  // namespace reveille::batch

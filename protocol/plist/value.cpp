#include "protocol/plist/value.h"

#include <algorithm>
#include <cstddef>

namespace reveille::plist {
namespace {

using Entry = Dictionary::Entry;

// Up to here comparing every pair is quicker than sorting; most dictionaries are smaller.
constexpr std::size_t pairwise_entries_max = 24;

// Moves the value of a later entry with the same key into the earlier one.
std::vector<Entry> without_repeats_pairwise(std::vector<Entry> entries) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::size_t same = 0;
    while (same < kept && entries[same].first != entries[i].first) ++same;
    if (same < kept) {
      entries[same].second = std::move(entries[i].second);
    } else {
      if (kept != i) entries[kept] = std::move(entries[i]);
      ++kept;
    }
  }
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end());
  return entries;
}

std::vector<Entry> without_repeats_sorted(std::vector<Entry> entries) {
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    const int compared = entries[left].first.compare(entries[right].first);
    return compared != 0 ? compared < 0 : left < right;
  });
  std::vector<bool> repeats(entries.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < order.size();) {
    const std::size_t first = order[i];
    std::size_t end = i + 1;
    while (end < order.size() && entries[order[end]].first == entries[first].first) {
      repeats[order[end++]] = any = true;
    }
    if (end - i > 1) entries[first].second = std::move(entries[order[end - 1]].second);
    i = end;
  }
  if (!any) return entries;
  std::vector<Entry> kept;
  kept.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!repeats[i]) kept.push_back(std::move(entries[i]));
  }
  return kept;
}

std::vector<const Entry*> sorted_by_key(const std::vector<Entry>& entries) {
  std::vector<const Entry*> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry* left, const Entry* right) { return left->first < right->first; });
  return sorted;
}

}  // namespace

Dictionary::Dictionary() = default;
Dictionary::Dictionary(std::initializer_list<Entry> entries)
    : Dictionary(from_entries(std::vector<Entry>(entries))) {}
Dictionary::Dictionary(const Dictionary&) = default;
Dictionary::Dictionary(Dictionary&&) noexcept = default;
Dictionary& Dictionary::operator=(const Dictionary&) = default;
Dictionary& Dictionary::operator=(Dictionary&&) noexcept = default;
Dictionary::~Dictionary() = default;

Dictionary Dictionary::from_entries(std::vector<Entry> entries) {
  Dictionary dictionary;
  dictionary.entries_ = entries.size() <= pairwise_entries_max
                            ? without_repeats_pairwise(std::move(entries))
                            : without_repeats_sorted(std::move(entries));
  return dictionary;
}

const Value* Dictionary::find(std::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

void Dictionary::set(std::string key, Value value) {
  for (Entry& entry : entries_) {
    if (entry.first == key) {
      entry.second = std::move(value);
      return;
    }
  }
  entries_.emplace_back(std::move(key), std::move(value));
}

bool operator==(const Dictionary& left, const Dictionary& right) {
  if (left.entries_.size() != right.entries_.size()) return false;
  const std::vector<const Entry*> left_sorted = sorted_by_key(left.entries_);
  const std::vector<const Entry*> right_sorted = sorted_by_key(right.entries_);
  for (std::size_t i = 0; i < left_sorted.size(); ++i) {
    if (*left_sorted[i] != *right_sorted[i]) return false;
  }
  return true;
}

}  // namespace reveille::plist

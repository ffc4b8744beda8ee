#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How to mend a word that an options file misspells.
namespace reveille {

// How many characters must change to make one of the other (Levenshtein).
inline std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

template <typename Names>
std::string suggestion(std::string_view wrong, const Names& known) {
  std::string_view nearest;
  std::size_t least = 4;  // beyond three slips it is another word
  for (const std::string_view name : known) {
    const std::size_t slips = edit_distance(wrong, name);
    if (slips < least) {
      least = slips;
      nearest = name;
    }
  }
  if (!nearest.empty()) return fmt::format("did you mean \"{}\"?", nearest);
  return fmt::format("remove it, or use one of {}", fmt::join(known, ", "));
}

}  // namespace reveille

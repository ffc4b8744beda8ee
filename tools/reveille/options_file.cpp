#include "tools/reveille/options_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace reveille {
namespace {

// How many characters must change to make one of the other (Levenshtein).
std::size_t edit_distance(std::string_view left, std::string_view right) {
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

// How to mend a word that the file misspells.
std::string suggestion(std::string_view wrong, const std::set<std::string_view>& known) {
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

}  // namespace

OptionsFile::OptionsFile(std::string_view text, std::string file) : mistakes_(std::move(file)) {
  try {
    root_ = toml::parse(text);
  } catch (const toml::parse_error& error) {
    mistakes_.add(error.source().begin.line, fmt::format("not TOML: {}", error.description()));
  }
}

void OptionsFile::begin_section(std::string_view name) {
  section_ = name;
  known_[section_];
  const toml::node* node = root_.get(name);
  table_ = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && table_ == nullptr) {
    fail(*node, fmt::format("{} must be a section: write [{}]", name, name));
  }
}

const toml::node* OptionsFile::find(std::string_view key) {
  known_[section_].insert(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

std::string OptionsFile::name_of(std::string_view key) const {
  return fmt::format("{}.{}", section_, key);
}

void OptionsFile::text(std::string_view key, std::string& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<std::string>()) {
    value = *given;
  } else {
    fail(*node, fmt::format("{} must be text in quotation marks", name_of(key)));
  }
}

void OptionsFile::choice(std::string_view key, std::string& value,
                         std::initializer_list<std::string_view> choices) {
  const toml::node* node = find(key);
  const auto given = node == nullptr ? std::nullopt : node->value_exact<std::string>();
  if (!given) return text(key, value);  // left out, or no text
  if (std::ranges::find(choices, *given) != choices.end()) {
    value = *given;
  } else {
    fail(*node, fmt::format("{} must be one of {}, not \"{}\"", name_of(key),
                            fmt::join(choices, ", "), *given));
  }
}

void OptionsFile::flag(std::string_view key, bool& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<bool>()) {
    value = *given;
  } else {
    fail(*node, fmt::format("{} must be true or false", name_of(key)));
  }
}

void OptionsFile::fail(const toml::node& node, std::string_view sentence) {
  mistakes_.add(node.source().begin.line, sentence);
}

void OptionsFile::fail_section(std::string_view section, std::string_view problem) {
  const toml::node* node = root_.get(section);
  mistakes_.add(node == nullptr ? 0 : node->source().begin.line,
                fmt::format("{} {}", section, problem));
}

void OptionsFile::fail_at(std::string_view section, std::string_view key,
                          std::string_view problem) {
  const auto node = root_[section][key];
  mistakes_.add(node ? node.node()->source().begin.line : 0,
                fmt::format("{}.{} {}", section, key, problem));
}

void OptionsFile::find_unknown_keys() {
  std::set<std::string_view> sections;
  for (const auto& [name, keys] : known_) sections.insert(name);
  for (const auto& [key, node] : root_) {
    const auto known = known_.find(key.str());
    if (known == known_.end()) {
      fail(node,
           fmt::format("there is no section [{}]; {}", key.str(), suggestion(key.str(), sections)));
      continue;
    }
    if (!node.is_table()) continue;
    for (const auto& [option, value] : *node.as_table()) {
      if (known->second.contains(option.str())) continue;
      fail(value, fmt::format("there is no option {}.{}; {}", key.str(), option.str(),
                              suggestion(option.str(), known->second)));
    }
  }
}

}  // namespace reveille

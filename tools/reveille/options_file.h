#pragma once

#include <toml++/toml.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tools/reveille/mistakes.h"

namespace reveille {

// A TOML file of sections with options, as a reader goes through them: it finds what each option is
// set to, knows which ones were asked for, and remembers every mistake with its line.
class OptionsFile {
 public:
  // A text that is not TOML is a mistake at once, and has no sections. Keys that are asked for are
  // literals.
  OptionsFile(std::string_view text, std::string file);
  OptionsFile(const OptionsFile&) = delete;
  OptionsFile& operator=(const OptionsFile&) = delete;

  // What follows is in this section.
  void begin_section(std::string_view name);
  // nullptr: the file leaves it out.
  const toml::node* find(std::string_view key);
  // "section.key"
  std::string name_of(std::string_view key) const;

  // Read into a value, which stays as it was when the file leaves it out or has another type there.
  void text(std::string_view key, std::string& value);
  void choice(std::string_view key, std::string& value,
              std::initializer_list<std::string_view> choices);
  void flag(std::string_view key, bool& value);

  void fail(const toml::node& node, std::string_view sentence);
  // About a section, or an option of any section: at its line when the file has it.
  void fail_section(std::string_view section, std::string_view problem);
  void fail_at(std::string_view section, std::string_view key, std::string_view problem);

  // After all options were asked for: what else the file has.
  void find_unknown_keys();

  const Mistakes& mistakes() const { return mistakes_; }

 private:
  toml::table root_;
  Mistakes mistakes_;
  std::string section_;
  const toml::table* table_ = nullptr;
  std::map<std::string, std::set<std::string_view>, std::less<>> known_;
};

}  // namespace reveille

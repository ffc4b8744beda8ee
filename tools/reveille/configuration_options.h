#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tools/reveille/configuration.h"

namespace reveille {

struct Range {
  std::int64_t min;
  std::int64_t max;
};

// Is shown every option, section by section: a reader fills in the values, a printer writes them.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;

  // Begins a section. Comments are one or more lines, without '#'.
  virtual void section(std::string_view name, std::string_view comment) = 0;

  virtual void text(std::string_view key, std::string& value, std::string_view comment) = 0;
  virtual void choice(std::string_view key, std::string& value,
                      std::initializer_list<std::string_view> choices,
                      std::string_view comment) = 0;
  virtual void path(std::string_view key, std::filesystem::path& value,
                    std::string_view comment) = 0;
  virtual void number(std::string_view key, std::int64_t& value, Range range,
                      std::string_view comment) = 0;
  virtual void numbers(std::string_view key, std::vector<std::int64_t>& value, Range range,
                       std::string_view comment) = 0;
  virtual void flag(std::string_view key, bool& value, std::string_view comment) = 0;
};

// The one list of all options.
void visit_options(Configuration& configuration, OptionVisitor& visitor);

}  // namespace reveille

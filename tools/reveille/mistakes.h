#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reveille {

// The sentences about a file's mistakes, each behind "FILE:LINE: ", in the order of its lines.
class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  // Line 0: of the file as a whole.
  void add(std::uint32_t line, std::string_view sentence);
  bool none() const { return sentences_.empty(); }
  std::vector<std::string> in_order() const;

 private:
  std::string file_;
  std::multimap<std::uint32_t, std::string> sentences_;
};

}  // namespace reveille

#include "tools/reveille/mistakes.h"

#include <fmt/format.h>

namespace reveille {

void Mistakes::add(std::uint32_t line, std::string_view sentence) {
  sentences_.emplace(line, line == 0 ? fmt::format("{}: {}", file_, sentence)
                                     : fmt::format("{}:{}: {}", file_, line, sentence));
}

std::vector<std::string> Mistakes::in_order() const {
  std::vector<std::string> sentences;
  for (const auto& [line, sentence] : sentences_) sentences.push_back(sentence);
  return sentences;
}

}  // namespace reveille

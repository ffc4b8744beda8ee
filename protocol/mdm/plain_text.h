#pragma once

#include <string>
#include <string_view>

namespace reveille::mdm {

// C0 controls and DEL. Ids become keys, header values and log fields, where these would lie.
inline bool has_control_characters(std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) return true;
  }
  return false;
}

// The first printable ASCII characters of a stranger's text: what an error detail may repeat.
inline std::string printable_start(std::string_view text) {
  constexpr std::size_t characters_max = 64;
  std::string start;
  for (const char character : text.substr(0, characters_max)) {
    start.push_back(character >= ' ' && character <= '~' ? character : '?');
  }
  return start;
}

}  // namespace reveille::mdm

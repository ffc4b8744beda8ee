#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::admin {

// Writes one JSON text as Go's encoding/json does with a tab as indent (nanomdm-api.md 1): keys in
// the order they are written, `<`, `>` and `&` escaped, bytes that are not UTF-8 replaced by
// U+FFFD, one newline at the end. Calls must nest as the text does.
class JsonWriter {
 public:
  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool flag) { raw(flag ? "true" : "false"); }
  template <typename Number>
    requires(std::integral<Number> && !std::same_as<Number, bool>)
  void value(Number number) {
    raw(std::to_string(number));
  }

  template <typename Value>
  void member(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }
  // Left out when empty, false or 0.
  void optional_member(std::string_view name, std::string_view text) {
    if (!text.empty()) member(name, text);
  }

  // The text and its newline; the writer is empty afterwards.
  std::string finish();

 private:
  void begin(char bracket);
  void end(char bracket);
  void raw(std::string_view text);
  void before_value();
  void new_line();

  std::string text_;
  std::vector<std::size_t> counts_;  // of what each open bracket holds so far
  bool after_key_ = false;
};

}  // namespace reveille::admin

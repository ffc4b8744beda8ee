#include "dispatcher/admin/json_writer.h"

#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::admin {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void append_escape(std::string& out, unsigned char byte) {
  out += "\\u00";
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

// The length of the UTF-8 sequence at the start of `text`; 0 when it is broken (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // above U+10FFFF
  return length;
}

void append_ascii(std::string& out, char character) {
  switch (character) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  const bool escaped = static_cast<unsigned char>(character) < 0x20 || character == '<' ||
                       character == '>' || character == '&';
  if (escaped) {
    append_escape(out, static_cast<unsigned char>(character));
  } else {
    out += character;
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_ascii(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = text.substr(0, length);
    // Line separators that JSON allows and JavaScript did not.
    if (sequence == "\xe2\x80\xa8") {
      out += "\\u2028";
    } else if (sequence == "\xe2\x80\xa9") {
      out += "\\u2029";
    } else {
      out += sequence;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

}  // namespace

void JsonWriter::key(std::string_view name) {
  ensure(!counts_.empty() && !after_key_, "a key stands in an object and before its value");
  before_value();
  append_string(text_, name);
  text_ += ": ";
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  before_value();
  append_string(text_, text);
}

std::string JsonWriter::finish() {
  ensure(counts_.empty(), "every bracket is closed");
  text_ += '\n';
  return std::exchange(text_, {});
}

void JsonWriter::begin(char bracket) {
  before_value();
  text_ += bracket;
  counts_.push_back(0);
}

void JsonWriter::end(char bracket) {
  ensure(!counts_.empty() && !after_key_, "a bracket that is closed is open");
  const bool empty = counts_.back() == 0;
  counts_.pop_back();
  if (!empty) new_line();
  text_ += bracket;
}

void JsonWriter::raw(std::string_view text) {
  before_value();
  text_ += text;
}

void JsonWriter::before_value() {
  if (std::exchange(after_key_, false) || counts_.empty()) return;
  if (counts_.back()++ > 0) text_ += ',';
  new_line();
}

void JsonWriter::new_line() {
  text_ += '\n';
  text_.append(counts_.size(), '\t');
}

}  // namespace reveille::admin

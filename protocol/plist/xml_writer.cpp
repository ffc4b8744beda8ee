#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "protocol/base/base64.h"
#include "protocol/plist/scalar_text.h"
#include "protocol/plist/utf8.h"
#include "protocol/plist/write.h"

namespace reveille::plist {
namespace {

constexpr std::string_view preamble =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
    "<plist version=\"1.0\">\n";

constexpr std::size_t base64_line_characters = 68;

// Char of XML 1.0 section 2.2, within well-formed UTF-8.
bool xml_can_hold(char32_t code_point) {
  if (code_point < 0x20) return code_point == '\t' || code_point == '\n' || code_point == '\r';
  return code_point != 0xfffe && code_point != 0xffff;
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text, at);
    const std::string_view sequence = text.substr(at, length == 0 ? 1 : length);
    at += sequence.size();
    if (length == 0 || !xml_can_hold(decode_utf8(sequence))) continue;
    switch (sequence.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#13;";
        break;  // a parser makes a line feed of a bare one
      default:
        out += sequence;
    }
  }
}

// Recurses with the value's depth: our own values are shallow, parsed ones bounded by Limits.
class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}

  void write(const Value& value) {
    std::visit([this](const auto& content) { write_content(content); }, value.variant());
  }

 private:
  void indent() { out_.append(depth_, '\t'); }

  void element(std::string_view name, std::string_view text) {
    indent();
    out_.append("<").append(name).append(">");
    append_escaped(out_, text);
    out_.append("</").append(name).append(">\n");
  }

  void line(std::string_view text) {
    indent();
    out_.append(text).append("\n");
  }

  void write_content(bool value) { line(value ? "<true/>" : "<false/>"); }
  void write_content(Integer value) { element("integer", integer_text(value)); }
  void write_content(double value) { element("real", real_text(value)); }
  void write_content(const std::string& value) { element("string", value); }
  void write_content(Date value) { element("date", date_text(value)); }

  // Apple's tools write a keyed archive's UID this way; XML has no element for it.
  void write_content(Uid value) {
    const Integer integer{static_cast<std::int64_t>(value.value), value.value >> 63 != 0};
    write_content(Dictionary{{"CF$UID", Value(integer)}});
  }

  void write_content(const Data& data) {
    line("<data>");
    const std::string base64 = to_base64(data.bytes);
    for (std::size_t at = 0; at < base64.size(); at += base64_line_characters) {
      line(std::string_view(base64).substr(at, base64_line_characters));
    }
    line("</data>");
  }

  void write_content(const Array& items) {
    if (items.empty()) return line("<array/>");
    line("<array>");
    ++depth_;
    for (const Value& item : items) write(item);
    --depth_;
    line("</array>");
  }

  void write_content(const Dictionary& dictionary) {
    if (dictionary.empty()) return line("<dict/>");
    line("<dict>");
    ++depth_;
    for (const auto& [key, value] : dictionary.entries()) {
      element("key", key);
      write(value);
    }
    --depth_;
    line("</dict>");
  }

  std::string& out_;
  std::size_t depth_ = 0;
};

}  // namespace

Bytes write_xml(const Value& value) {
  std::string out(preamble);
  XmlWriter(out).write(value);
  out += "</plist>\n";
  return out;
}

}  // namespace reveille::plist

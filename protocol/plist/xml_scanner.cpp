#include "protocol/plist/xml_scanner.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/plist/utf8.h"

namespace reveille::plist {
namespace {

bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '_' ||
         character == ':' || character == '.';
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& character : upper) {
    if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 32);
  }
  return upper;
}

// What an encoding other than UTF-8 looks like in the first bytes, with its BOM or without.
bool looks_like_utf16_or_utf32(BytesView bytes) {
  return bytes.starts_with("\xfe\xff") || bytes.starts_with("\xff\xfe") ||
         (bytes.size() >= 2 && (bytes[0] == '\0' || bytes[1] == '\0'));
}

// The value of `encoding` in an XML declaration; empty when it has none.
std::string_view encoding_in(std::string_view declaration) {
  const std::size_t name = declaration.find("encoding");
  if (name == std::string_view::npos) return {};
  const std::size_t open = declaration.find_first_of("\"'", name);
  if (open == std::string_view::npos) return {};
  const std::size_t close = declaration.find(declaration[open], open + 1);
  if (close == std::string_view::npos) return {};
  return declaration.substr(open + 1, close - open - 1);
}

// The first '&' or carriage return: what text cannot keep as it is.
std::size_t first_special(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&' || text[i] == '\r') return i;
  }
  return std::string_view::npos;
}

// Makes one line feed of every line break (XML 1.0 section 2.11).
void append_with_line_feeds(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out.push_back(text[i] == '\r' ? '\n' : text[i]);
  }
}

// The character that a reference stands for ("amp", "#38", "#x26"); nullopt when there is none.
std::optional<char32_t> referenced_character(std::string_view name) {
  if (name == "amp") return U'&';
  if (name == "lt") return U'<';
  if (name == "gt") return U'>';
  if (name == "quot") return U'"';
  if (name == "apos") return U'\'';
  if (!name.starts_with('#')) return std::nullopt;
  name.remove_prefix(1);
  const int base = name.starts_with('x') ? 16 : 10;
  if (base == 16) name.remove_prefix(1);
  std::uint32_t code_point = 0;
  const char* begin = name.data();
  const char* end = begin + name.size();
  const auto read = std::from_chars(begin, end, code_point, base);
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (name.empty() || read.ec != std::errc() || read.ptr != end || code_point == 0 || surrogate ||
      code_point > 0x10ffff) {
    return std::nullopt;
  }
  return code_point;
}

}  // namespace

bool XmlScanner::start() { return check_encoding() && skip_prolog(); }

bool XmlScanner::check_encoding() {
  const BytesView bytes = rest();
  if (looks_like_utf16_or_utf32(bytes)) return fail("UTF-16 and UTF-32 are refused: send UTF-8");
  if (const auto invalid = first_invalid_utf8(bytes)) {
    return fail_at(*invalid, "not UTF-8");
  }
  const std::size_t nul = bytes.find('\0');
  return nul == BytesView::npos ? true : fail_at(nul, "a NUL character");
}

// BOM, blanks, XML declaration, comments, DOCTYPE: all optional.
bool XmlScanner::skip_prolog() {
  if (at("\xef\xbb\xbf")) cursor_ += 3;
  skip_blanks();
  if (at("<?xml") && !read_declaration()) return false;
  bool seen_doctype = false;
  while (true) {
    if (!skip_between_elements()) return false;
    if (!at("<!DOCTYPE")) return true;
    if (seen_doctype) return fail("a second DOCTYPE");
    if (!skip_doctype()) return false;
    seen_doctype = true;
  }
}

bool XmlScanner::read_declaration() {
  const std::size_t start = offset();
  std::string_view declaration;
  if (!skip_past("?>", &declaration)) return false;
  const std::string encoding = upper_case(encoding_in(declaration));
  if (encoding.empty() || encoding == "UTF-8" || encoding == "UTF8" || encoding == "US-ASCII") {
    return true;
  }
  return fail_at(start, "encodings other than UTF-8 are refused");
}

bool XmlScanner::skip_doctype() {
  char quote = '\0';
  for (const char* doctype = cursor_; cursor_ != end_; ++cursor_) {
    const char character = *cursor_;
    if (quote != '\0') {
      if (character == quote) quote = '\0';
    } else if (character == '"' || character == '\'') {
      quote = character;
    } else if (character == '[' || character == '<') {
      if (cursor_ != doctype) return fail("a DOCTYPE with declarations of its own is refused");
    } else if (character == '>') {
      ++cursor_;
      return true;
    }
  }
  return fail("the DOCTYPE does not end");
}

bool XmlScanner::skip_between_elements() {
  while (true) {
    skip_blanks();
    if (cursor_ == end_) return true;
    if (*cursor_ != '<') return fail("text between elements");
    if (at("<!--")) {
      cursor_ += 4;
      if (!skip_past("-->")) return false;
    } else if (at("<?")) {
      if (at("<?xml ") || at("<?xml?")) {
        return fail("an XML declaration that is not at the start");
      }
      if (!skip_past("?>")) return false;
    } else {
      return true;
    }
  }
}

bool XmlScanner::skip_past(std::string_view text, std::string_view* skipped) {
  const std::size_t found = rest().find(text);
  if (found == std::string_view::npos) return fail("a comment or instruction does not end");
  if (skipped != nullptr) *skipped = rest().substr(0, found);
  cursor_ += found + text.size();
  return true;
}

bool XmlScanner::read_tag(Tag& tag) {
  const char* name = ++cursor_;
  while (cursor_ != end_ && is_name_character(*cursor_)) ++cursor_;
  tag.name = {name, static_cast<std::size_t>(cursor_ - name)};
  tag.closes_itself = false;
  while (true) {
    const char* before_blanks = cursor_;
    skip_blanks();
    if (cursor_ == end_) return fail("a tag does not end");
    if (*cursor_ == '>') break;
    if (at("/>")) {
      tag.closes_itself = true;
      ++cursor_;
      break;
    }
    if (cursor_ == before_blanks) return fail("a tag is not well-formed");
    if (!skip_attribute()) return false;
  }
  ++cursor_;
  return true;
}

bool XmlScanner::skip_attribute() {
  const char* name = cursor_;
  while (cursor_ != end_ && is_name_character(*cursor_)) ++cursor_;
  if (cursor_ == name) return fail("an attribute without a name");
  skip_blanks();
  if (!at("=")) return fail("an attribute without a value");
  ++cursor_;
  skip_blanks();
  if (!at("\"") && !at("'")) return fail("an attribute's value is not in quotes");
  const std::size_t close = rest().find(*cursor_, 1);
  if (close == std::string_view::npos) return fail("an attribute's value does not end");
  if (rest().substr(0, close).find('<') != std::string_view::npos) {
    return fail("'<' in an attribute's value");
  }
  cursor_ += close + 1;
  return true;
}

bool XmlScanner::read_end_tag(std::string_view name) {
  const std::size_t start = offset();
  cursor_ += 2;
  if (!at(name)) return fail_at(start, "an end tag that does not match its start");
  cursor_ += name.size();
  skip_blanks();
  if (!at(">")) return fail_at(start, "an end tag that does not match its start");
  ++cursor_;
  return true;
}

bool XmlScanner::read_text(const Tag& tag) {
  text_ = {};
  if (tag.closes_itself) return true;
  const std::size_t length = rest().find('<');
  if (length == std::string_view::npos) return fail("an element does not end");
  const std::string_view run = rest().substr(0, length);
  cursor_ += length;
  if (at("</") && first_special(run) == std::string_view::npos) {
    text_ = run;
  } else {
    decoded_.clear();
    if (!append_decoded(run) || !read_rest_of_text()) return false;
    text_ = decoded_;
  }
  return read_end_tag(tag.name);
}

bool XmlScanner::skip_text(const Tag& tag) {
  if (tag.closes_itself) return true;
  while (true) {
    const std::size_t length = rest().find('<');
    if (length == std::string_view::npos) return fail("an element does not end");
    cursor_ += length;
    if (at("</")) return read_end_tag(tag.name);
    const bool is_comment = at("<!--");
    if (!is_comment && !at("<![CDATA[")) return fail("an element inside text");
    cursor_ += is_comment ? 4 : 9;
    if (!skip_past(is_comment ? "-->" : "]]>")) return false;
  }
}

// Comments and CDATA sections, up to the end tag.
bool XmlScanner::read_rest_of_text() {
  while (!at("</")) {
    if (at("<!--")) {
      cursor_ += 4;
      if (!skip_past("-->")) return false;
    } else if (at("<![CDATA[")) {
      cursor_ += 9;
      std::string_view characters;
      if (!skip_past("]]>", &characters)) return false;
      append_with_line_feeds(decoded_, characters);
    } else {
      return fail("an element inside text");
    }
    const std::size_t length = rest().find('<');
    if (length == std::string_view::npos) return fail("an element does not end");
    if (!append_decoded(rest().substr(0, length))) return false;
    cursor_ += length;
  }
  return true;
}

// Resolves references; makes one line feed of every line break (XML 1.0 section 2.11).
bool XmlScanner::append_decoded(std::string_view run) {
  while (true) {
    const std::size_t special = first_special(run);
    decoded_.append(run.substr(0, special));
    if (special == std::string_view::npos) return true;
    run.remove_prefix(special);
    if (run.front() == '\r') {
      run.remove_prefix(run.starts_with("\r\n") ? 2 : 1);
      decoded_.push_back('\n');
      continue;
    }
    const std::size_t semicolon = run.substr(0, 16).find(';');
    const std::optional<char32_t> character =
        semicolon == std::string_view::npos ? std::nullopt
                                            : referenced_character(run.substr(1, semicolon - 1));
    if (!character)
      return fail_at(static_cast<std::size_t>(run.data() - begin_),
                     "an unknown reference after '&'");
    append_utf8(decoded_, *character);
    run.remove_prefix(semicolon + 1);
  }
}

std::string XmlScanner::take_text() {
  return text_.data() == decoded_.data() ? std::exchange(decoded_, {}) : std::string(text_);
}

}  // namespace reveille::plist

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"

namespace reveille::plist {

struct Tag {
  std::string_view name;
  bool closes_itself = false;
};

// The XML that property lists are made of, left to right: tags and the text between them. What they
// mean is the reader's matter. Borrows the bytes.
//
// Methods that return bool say whether to go on; error() and offset() say why and where not.
class XmlScanner {
 public:
  explicit XmlScanner(BytesView bytes)
      : begin_(bytes.data()), cursor_(begin_), end_(begin_ + bytes.size()) {}

  // Checks the encoding, then skips BOM, blanks, XML declaration, comments and DOCTYPE.
  bool start();

  // Stops at the '<' of the next tag, or at the end of the bytes.
  bool skip_between_elements();
  bool at_end() const { return cursor_ == end_; }
  bool at_end_tag() const { return at("</"); }

  // From '<' of a start tag to behind its '>'. Attributes are checked for form and ignored.
  bool read_tag(Tag& tag);
  // From "</" to behind '>'.
  bool read_end_tag(std::string_view name);
  // The characters of an element whose start tag was `tag`, up to and with its end tag.
  bool read_text(const Tag& tag);
  // The same without a look at the characters.
  bool skip_text(const Tag& tag);

  // What read_text() found; borrowed until the next read_text() or take_text().
  std::string_view text() const { return text_; }
  std::string take_text();

  std::size_t offset() const { return static_cast<std::size_t>(cursor_ - begin_); }
  const char* error() const { return error_; }
  bool fail(const char* reason) {
    error_ = reason;
    return false;
  }
  bool fail_at(std::size_t offset, const char* reason) {
    cursor_ = begin_ + offset;
    return fail(reason);
  }

 private:
  std::string_view rest() const { return {cursor_, static_cast<std::size_t>(end_ - cursor_)}; }
  bool at(std::string_view text) const { return rest().starts_with(text); }
  void skip_blanks() {
    while (cursor_ != end_ &&
           (*cursor_ == ' ' || *cursor_ == '\n' || *cursor_ == '\t' || *cursor_ == '\r')) {
      ++cursor_;
    }
  }
  // Moves behind the next `text`; what lies before it is `skipped`.
  bool skip_past(std::string_view text, std::string_view* skipped = nullptr);

  bool check_encoding();
  bool skip_prolog();
  bool read_declaration();
  bool skip_doctype();
  bool skip_attribute();
  bool read_rest_of_text();
  bool append_decoded(std::string_view run);

  const char* begin_;
  const char* cursor_;
  const char* end_;
  const char* error_ = "";
  std::string_view text_;  // in the bytes where they hold the text as it is, else in decoded_
  std::string decoded_;
};

}  // namespace reveille::plist

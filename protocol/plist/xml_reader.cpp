#include "protocol/plist/xml_reader.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/base64.h"
#include "protocol/plist/budget.h"
#include "protocol/plist/scalar_text.h"
#include "protocol/plist/xml_scanner.h"

namespace reveille::plist {
namespace {

enum class Element {
  unknown,
  plist,
  dictionary,
  array,
  key,
  string,
  data,
  date,
  integer,
  real,
  boolean_true,
  boolean_false,
};

Element element_of(std::string_view name) {
  switch (name.size()) {
    case 3:
      return name == "key" ? Element::key : Element::unknown;
    case 4:
      if (name == "dict") return Element::dictionary;
      if (name == "data") return Element::data;
      if (name == "true") return Element::boolean_true;
      if (name == "date") return Element::date;
      if (name == "real") return Element::real;
      return Element::unknown;
    case 5:
      if (name == "false") return Element::boolean_false;
      if (name == "array") return Element::array;
      if (name == "plist") return Element::plist;
      return Element::unknown;
    case 6:
      return name == "string" ? Element::string : Element::unknown;
    case 7:
      return name == "integer" ? Element::integer : Element::unknown;
    default:
      return Element::unknown;
  }
}

// An array or dictionary whose end has not been seen.
struct Open {
  bool is_dictionary;
  bool has_key = false;
  std::string key;
  Array items;
  std::vector<Dictionary::Entry> entries;
};

// Methods that return bool say whether to go on; the scanner keeps the reason when not.
class XmlReader {
 public:
  XmlReader(BytesView bytes, const Limits& limits, BadScalars bad_scalars, const Wanted* wanted)
      : scanner_(bytes), budget_(limits), bad_scalars_(bad_scalars), wanted_(wanted) {}

  Result<Value> read() {
    if (scanner_.start() && open_plist() && read_elements() && skip_epilogue()) {
      return std::move(*root_);
    }
    return failure(ErrorCode::malformed,
                   "byte " + std::to_string(scanner_.offset()) + ": " + scanner_.error());
  }

 private:
  bool open_plist() {
    if (scanner_.at_end()) return scanner_.fail("no <plist> element");
    Tag tag;
    if (!scanner_.read_tag(tag)) return false;
    if (element_of(tag.name) != Element::plist)
      return scanner_.fail("the first element is not <plist>");
    return tag.closes_itself ? scanner_.fail("<plist> is empty") : true;
  }

  // All between <plist> and </plist>, the latter included.
  bool read_elements() {
    while (true) {
      if (!scanner_.skip_between_elements()) return false;
      if (scanner_.at_end()) return scanner_.fail("an element does not end");
      if (!scanner_.at_end_tag()) {
        if (!(is_unwanted() ? skip_value() : read_element())) return false;
      } else if (!open_.empty()) {
        if (!scanner_.read_end_tag(open_.back().is_dictionary ? "dict" : "array") ||
            !close_container()) {
          return false;
        }
      } else {
        return root_ ? scanner_.read_end_tag("plist") : scanner_.fail("<plist> is empty");
      }
    }
  }

  // Whether the value that follows is at the top, of a key that nobody asked for.
  bool is_unwanted() const {
    return wanted_ != nullptr && open_.size() == 1 && open_.front().has_key &&
           !wanted_->contains(open_.front().key);
  }

  bool skip_value() {
    open_.front().has_key = false;
    std::vector<Element> within;  // arrays and dictionaries whose end has not been seen
    do {
      if (!scanner_.skip_between_elements()) return false;
      if (scanner_.at_end()) return scanner_.fail("an element does not end");
      const std::size_t start = scanner_.offset();
      if (scanner_.at_end_tag()) {
        if (within.empty()) return scanner_.fail("a key without a value");
        if (!scanner_.read_end_tag(within.back() == Element::array ? "array" : "dict"))
          return false;
        within.pop_back();
        continue;
      }
      Tag tag;
      if (!scanner_.read_tag(tag)) return false;
      const Element element = element_of(tag.name);
      const bool is_key_alone = element == Element::key && within.empty();
      if (element == Element::unknown || element == Element::plist || is_key_alone) {
        return scanner_.fail_at(start, "an element that property lists do not have here");
      }
      if (element != Element::array && element != Element::dictionary) {
        if (!scanner_.skip_text(tag)) return false;
      } else if (!tag.closes_itself) {
        if (!budget_.allows_depth(within.size() + 2)) {
          return scanner_.fail_at(start, "nested too deeply");
        }
        within.push_back(element);
      }
    } while (!within.empty());
    return true;
  }

  bool skip_epilogue() {
    if (!scanner_.skip_between_elements()) return false;
    return scanner_.at_end() ? true : scanner_.fail("something after </plist>");
  }

  bool read_element() {
    const std::size_t start = scanner_.offset();
    Tag tag;
    if (!scanner_.read_tag(tag)) return false;
    const Element element = element_of(tag.name);
    if (element == Element::unknown || element == Element::plist) {
      return scanner_.fail_at(start, "an element that property lists do not have");
    }
    const bool in_dictionary = !open_.empty() && open_.back().is_dictionary;
    if (element == Element::key) {
      if (!in_dictionary) return scanner_.fail_at(start, "a key outside a dictionary");
      return read_key(tag, start);
    }
    if (in_dictionary && !open_.back().has_key)
      return scanner_.fail_at(start, "a value without a key");
    if (open_.empty() && root_) return scanner_.fail_at(start, "a second value in <plist>");
    if (!budget_.take_object()) return scanner_.fail_at(start, "too many values");
    if (element == Element::dictionary || element == Element::array) {
      return open_container(element == Element::dictionary, tag, start);
    }
    return read_scalar(element, tag, start);
  }

  bool read_text(const Tag& tag, std::size_t start) {
    if (!scanner_.read_text(tag)) return false;
    if (budget_.take_bytes(scanner_.text().size())) return true;
    return scanner_.fail_at(start, "too many bytes of strings and data");
  }

  bool read_key(const Tag& tag, std::size_t start) {
    if (open_.back().has_key) return scanner_.fail_at(start, "a key without a value");
    if (!read_text(tag, start)) return false;
    Open& dictionary = open_.back();
    dictionary.key = scanner_.take_text();
    dictionary.has_key = true;
    return true;
  }

  bool open_container(bool is_dictionary, const Tag& tag, std::size_t start) {
    if (!budget_.allows_depth(open_.size() + 1))
      return scanner_.fail_at(start, "nested too deeply");
    open_.push_back(
        {.is_dictionary = is_dictionary, .has_key = false, .key = {}, .items = {}, .entries = {}});
    return tag.closes_itself ? close_container() : true;
  }

  bool close_container() {
    Open container = std::move(open_.back());
    open_.pop_back();
    if (container.has_key) return scanner_.fail("a key without a value");
    if (container.is_dictionary) {
      // Many small dictionaries would keep many times the memory that their text takes.
      if (container.entries.size() * 2 < container.entries.capacity()) {
        container.entries.shrink_to_fit();
      }
      add(Value(Dictionary::from_entries(std::move(container.entries))));
    } else {
      add(Value(std::move(container.items)));
    }
    return true;
  }

  void add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& container = open_.back();
    if (container.is_dictionary) {
      // A check-in has about eight keys: without this its entries would move four times.
      if (container.entries.empty()) container.entries.reserve(8);
      container.entries.emplace_back(std::move(container.key), std::move(value));
      container.has_key = false;
    } else {
      container.items.push_back(std::move(value));
    }
  }

  bool bad_scalar(std::size_t start, const char* reason) {
    if (bad_scalars_ == BadScalars::refused) return scanner_.fail_at(start, reason);
    add(Value(scanner_.take_text()));
    return true;
  }

  bool read_scalar(Element element, const Tag& tag, std::size_t start) {
    if (!read_text(tag, start)) return false;
    switch (element) {
      case Element::string:
        add(Value(scanner_.take_text()));
        return true;
      case Element::data: {
        std::optional<Bytes> bytes = from_base64(scanner_.text());
        if (!bytes) return bad_scalar(start, "<data> is not base64");
        add(Value(Data{std::move(*bytes)}));
        return true;
      }
      case Element::integer: {
        const std::optional<Integer> integer = parse_integer(scanner_.text());
        if (!integer) return bad_scalar(start, "<integer> is none, or beyond 64 bits");
        add(Value(*integer));
        return true;
      }
      case Element::real: {
        const std::optional<double> real = parse_real(scanner_.text());
        if (!real) return bad_scalar(start, "<real> is no number, or out of range");
        add(Value(*real));
        return true;
      }
      case Element::date: {
        const std::optional<Date> date = parse_date(scanner_.text());
        if (!date) return bad_scalar(start, "<date> is not of the form 2001-02-03T04:05:06Z");
        add(Value(*date));
        return true;
      }
      default:
        if (!trimmed(scanner_.text()).empty())
          return bad_scalar(start, "<true> or <false> with content");
        add(Value(element == Element::boolean_true));
        return true;
    }
  }

  XmlScanner scanner_;
  Budget budget_;
  const BadScalars bad_scalars_;
  const Wanted* const wanted_;
  std::vector<Open> open_;
  std::optional<Value> root_;
};

}  // namespace

Result<Value> read_xml(BytesView bytes, const Limits& limits, BadScalars bad_scalars,
                       const Wanted* wanted) {
  return XmlReader(bytes, limits, bad_scalars, wanted).read();
}

}  // namespace reveille::plist

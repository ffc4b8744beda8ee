#include "tools/simulators/apns/wire/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace reveille::simulators::apns::wire {
namespace {

// Where a field that may stand in a head once goes; nullptr for others.
std::optional<BytesView>* place_of(PushHead& head, Field field) {
  switch (field) {
    case Field::method:
      return &head.method;
    case Field::scheme:
      return &head.scheme;
    case Field::authority:
      return &head.authority;
    case Field::path:
      return &head.path;
    case Field::topic:
      return &head.topic;
    case Field::push_type:
      return &head.push_type;
    case Field::priority:
      return &head.priority;
    case Field::expiration:
      return &head.expiration;
    case Field::id:
      return &head.id;
    case Field::collapse_id:
      return &head.collapse_id;
    case Field::authorization:
      return &head.authorization;
    case Field::content_length:
    case Field::other_pseudo:
    case Field::other:
      return nullptr;
  }
  return nullptr;
}

// Section 8.2.2: of HTTP/1.1's connections, which HTTP/2 does not have.
bool is_of_the_connection(const HeaderField& field) {
  constexpr std::array<BytesView, 5> names = {"connection", "proxy-connection", "keep-alive",
                                              "transfer-encoding", "upgrade"};
  return std::ranges::find(names, field.name) != names.end() ||
         (field.name == "te" && field.value != "trailers");
}

const char* check_name(BytesView name) {
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.empty()) return "a header has no name";
  for (const char letter : name) {
    if (letter >= 'A' && letter <= 'Z') return "a header's name has upper-case letters";
    const auto byte = static_cast<unsigned char>(letter);
    if (byte <= 0x20 || byte >= 0x7f || byte == ':') return "a header's name has other signs";
  }
  return nullptr;
}

bool has_line_end(BytesView value) {
  bool any = false;  // no early end: a loop without branches is faster
  for (const char letter : value) any |= letter == '\0' || letter == '\n' || letter == '\r';
  return any;
}

// Of a field that was written out; one by index was looked at when it entered the table.
const char* check_field(const HeaderField& field) {
  if (field.representation == Representation::indexed) return nullptr;
  if (field.field == Field::other) {
    if (const char* wrong = check_name(field.name)) return wrong;
    if (is_of_the_connection(field)) return "a header of the connection, which HTTP/2 has none of";
  }
  return has_line_end(field.value) ? "a header's value has a line's end or a zero" : nullptr;
}

const char* read_content_length(const HeaderField& field, PushHead& head) {
  std::uint64_t bytes = 0;
  const char* const end = field.value.data() + field.value.size();
  const auto [stopped, error] = std::from_chars(field.value.data(), end, bytes);
  if (error != std::errc() || stopped != end) return "content-length is no number";
  head.content_length = bytes;
  return nullptr;
}

}  // namespace

const char* read_request_head(std::span<const HeaderField> fields, PushHead& head) {
  bool regular = false;
  for (const HeaderField& field : fields) {
    if (const char* wrong = check_field(field)) return wrong;
    const bool pseudo = field.name.starts_with(':');
    if (pseudo && regular) return "a pseudo-header stands behind other headers";
    regular |= !pseudo;
    if (field.field == Field::other_pseudo) return "a pseudo-header that no request has";
    if (field.field == Field::content_length) {
      if (const char* wrong = read_content_length(field, head)) return wrong;
    }
    std::optional<BytesView>* place = place_of(head, field.field);
    if (place == nullptr) continue;
    if (place->has_value()) {
      if (pseudo) return "a pseudo-header is repeated";
      head.repeated = field.name;
    }
    *place = field.value;
  }
  if (!head.method || !head.scheme || !head.path) return "a pseudo-header is missing";
  return head.path->empty() ? ":path is empty" : nullptr;
}

const char* check_trailers(std::span<const HeaderField> fields) {
  for (const HeaderField& field : fields) {
    if (const char* wrong = check_field(field)) return wrong;
    if (field.name.starts_with(':')) return "a pseudo-header stands behind the body";
  }
  return nullptr;
}

}  // namespace reveille::simulators::apns::wire

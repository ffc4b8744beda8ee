#include "tools/simulators/apns/wire/representation_rules.h"

namespace reveille::simulators::apns::wire {

bool RepresentationRules::first_time(Field field) {
  const std::uint32_t bit = 1u << static_cast<unsigned>(field);
  const bool first = (seen_ & bit) == 0;
  seen_ |= bit;
  return first;
}

BytesView RepresentationRules::check(const HeaderField& field) {
  const bool literal = field.representation != Representation::indexed;
  const bool enters_table = field.representation == Representation::with_indexing;
  switch (field.field) {
    case Field::path:
      return literal && !enters_table ? "" : ":path is put into the table of headers";
    case Field::authorization:
      return "authorization is sent beside a client certificate";
    case Field::id:
      return first_time(field.field) || !enters_table ? "" : "apns-id is put into the table again";
    case Field::expiration:
      return first_time(field.field) || !enters_table
                 ? ""
                 : "apns-expiration is put into the table again";
    case Field::collapse_id:
      return first_time(field.field) || !enters_table
                 ? ""
                 : "apns-collapse-id is put into the table again";
    case Field::method:
    case Field::scheme:
    case Field::authority:
    case Field::topic:
    case Field::push_type:
    case Field::priority:
      if (!literal) return "";
      if (!first_time(field.field)) return "a header that does not change is sent in full again";
      return enters_table ? "" : "a header that does not change is not put into the table";
    case Field::content_length:
      return "";
    case Field::other_pseudo:
    case Field::other:
      return "a header that APNs does not know";
  }
  return "";
}

}  // namespace reveille::simulators::apns::wire

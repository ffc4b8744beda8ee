#include "tools/simulators/apns/wire/header_fields.h"

#include <array>

namespace reveille::simulators::apns::wire {
namespace {

struct Named {
  BytesView name;
  Field field;
};

constexpr std::array<Named, 13> known = {{{":path", Field::path},
                                          {"apns-id", Field::id},
                                          {"apns-expiration", Field::expiration},
                                          {":method", Field::method},
                                          {":scheme", Field::scheme},
                                          {":authority", Field::authority},
                                          {"apns-topic", Field::topic},
                                          {"apns-push-type", Field::push_type},
                                          {"apns-priority", Field::priority},
                                          {"apns-collapse-id", Field::collapse_id},
                                          {"authorization", Field::authorization},
                                          {"content-length", Field::content_length},
                                          {":status", Field::other_pseudo}}};

}  // namespace

Field field_of(BytesView name) {
  for (const Named& entry : known) {
    if (entry.name == name) return entry.field;
  }
  return name.starts_with(':') ? Field::other_pseudo : Field::other;
}

}  // namespace reveille::simulators::apns::wire

#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "protocol/mdm/check_in.h"
#include "protocol/mdm/report.h"
#include "protocol/plist/write.h"

// Messages put together for a test, one key more or less than right.
namespace reveille::mdm {

inline plist::Dictionary with(plist::Dictionary message,
                              std::initializer_list<plist::Dictionary::Entry> more) {
  for (const auto& [key, value] : more) message.set(key, value);
  return message;
}

inline plist::Dictionary without(const plist::Dictionary& message, std::string_view absent) {
  plist::Dictionary rest;
  for (const auto& [key, value] : message.entries()) {
    if (key != absent) rest.set(key, value);
  }
  return rest;
}

// Both forms of a property list have to be understood alike.
inline Result<CheckIn> parse_check_in_both_ways(const plist::Dictionary& message) {
  Result<CheckIn> xml = parse_check_in(plist::write_xml(message));
  const Result<CheckIn> binary = parse_check_in(plist::write_binary(message));
  EXPECT_EQ(xml.has_value(), binary.has_value());
  return xml;
}

template <typename Message>
Message accepted(const plist::Dictionary& message) {
  const Result<CheckIn> check_in = parse_check_in_both_ways(message);
  if (!check_in) {
    ADD_FAILURE() << check_in.error().detail;
    return {};
  }
  const auto* found = std::get_if<Message>(&*check_in);
  if (found == nullptr) {
    ADD_FAILURE() << "read as " << name_of(*check_in);
    return {};
  }
  return *found;
}

inline std::string refusal(const plist::Dictionary& message) {
  const Result<CheckIn> check_in = parse_check_in_both_ways(message);
  if (check_in) return std::string("accepted as ") + name_of(*check_in);
  EXPECT_EQ(check_in.error().code, ErrorCode::malformed);
  return check_in.error().detail;
}

}  // namespace reveille::mdm

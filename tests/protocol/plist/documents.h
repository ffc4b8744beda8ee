#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/plist/parse.h"

namespace reveille::plist {

inline std::string xml(std::string_view content) {
  return "<plist version=\"1.0\">" + std::string(content) + "</plist>";
}

// The value of a document that has to be accepted.
inline Value accepted(BytesView document, const Limits& limits = {}) {
  Result<Value> value = parse(document, limits);
  if (value) return *std::move(value);
  ADD_FAILURE() << value.error().detail << " in " << document.substr(0, 400);
  return Value("refused");
}

// Why a document that has to be refused was.
inline std::string refusal(BytesView document, const Limits& limits = {}) {
  const Result<Value> value = parse(document, limits);
  if (!value) {
    EXPECT_EQ(value.error().code, ErrorCode::malformed);
    return value.error().detail;
  }
  ADD_FAILURE() << "accepted: " << document.substr(0, 400);
  return "accepted";
}

inline Value accepted_xml(std::string_view content) { return accepted(xml(content)); }
inline std::string refused_xml(std::string_view content) { return refusal(xml(content)); }

}  // namespace reveille::plist

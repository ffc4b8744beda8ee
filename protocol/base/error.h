#pragma once

#include <expected>
#include <string>
#include <utility>

namespace reveille {

// What the caller can do next, not which line failed.
enum class ErrorCode {
  malformed,     // the peer's bytes break the protocol: refuse, never retry
  unauthorised,  // the peer did not prove who it is: refuse
  not_found,     // no such enrolment, command or key
  conflict,      // the record changed meanwhile or holds something else: read again, then retry
  overloaded,    // a bounded queue is full: shed the work and say so
  unavailable,   // disk, database or APNs does not answer: retry later
  corrupt,       // stored bytes fail their check: stop using them
};

// `code` is for programs, `detail` for people. Secrets (tokens, magic, keys) never enter `detail`.
struct Error {
  ErrorCode code;
  std::string detail;

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename Value>
using Result = std::expected<Value, Error>;

inline std::unexpected<Error> failure(ErrorCode code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail)});
}

// "malformed", "not_found", ...: the spelling of logs, metrics and JSON.
constexpr const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::unauthorised: return "unauthorised";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::overloaded: return "overloaded";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::corrupt: return "corrupt";
  }
  return "unknown";
}

}  // namespace reveille

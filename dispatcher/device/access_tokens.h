#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/mdm/enrolment_id.h"

namespace reveille::device {

// Who knows the bearer tokens of account-driven enrolments (protocol.md section 7.6): the device is
// known by its certificate, its user by the token. The flow that hands them out fills this in.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;

  // nullopt: the token is good for this enrolment, or this enrolment needs none. Otherwise what the
  // 401 says in WWW-Authenticate, by which the user signs in again: "Bearer method=...".
  // Never asked about the device channel of a Mac, which has no token.
  // Errors: unavailable: the device keeps what it has and comes back.
  virtual boost::asio::awaitable<Result<std::optional<std::string>>> challenge(
      const mdm::Identity& identity, const std::optional<std::string>& token) = 0;
};

}  // namespace reveille::device

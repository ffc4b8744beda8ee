#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/base/error.h"
#include "protocol/pki/http_digest.h"

namespace reveille::device {

// Who knows the users of Macs and their passwords.
class UserDirectory {
 public:
  virtual ~UserDirectory() = default;

  // Whether the response proves the user's password. The caller has checked realm and nonce, and
  // keeps the credentials alive. Errors: unavailable.
  virtual boost::asio::awaitable<Result<bool>> proves(
      const pki::DigestCredentials& credentials) = 0;
};

// Users from a file in the format of htdigest, which makes it: "user:realm:MD5(user:realm:password)",
// one a line; empty lines and those that begin with '#' are skipped. Read once. Any thread.
class UserDigests final : public UserDirectory {
 public:
  // Errors: malformed, naming the line but never its contents: they are as good as passwords.
  static Result<UserDigests> parse(std::string_view text, const std::string& realm);

  boost::asio::awaitable<Result<bool>> proves(const pki::DigestCredentials& credentials) override;

 private:
  std::unordered_map<std::string, std::string> secrets_;  // by user name
};

}  // namespace reveille::device

#include "dispatcher/device/user_directory.h"

#include <utility>

#include "protocol/base/bytes.h"

namespace reveille::device {
namespace {

constexpr std::size_t secret_digits = 32;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_secret(std::string_view text) {
  if (text.size() != secret_digits) return false;
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<UserDigests> UserDigests::parse(std::string_view text, const std::string& realm) {
  UserDigests users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t first = line.find(':'), last = line.rfind(':');
    if (first == std::string_view::npos || first == 0 || first == last ||
        !is_secret(line.substr(last + 1))) {
      return failure(ErrorCode::malformed, "line " + std::to_string(number) +
                                               " is not user:realm:digest, as htdigest writes it");
    }
    const std::string_view of_realm = line.substr(first + 1, last - first - 1);
    if (of_realm != realm) {
      return failure(ErrorCode::malformed,
                     "line " + std::to_string(number) + " has another realm than \"" + realm + "\"");
    }
    users.secrets_.insert_or_assign(std::string(line.substr(0, first)),
                                    std::string(line.substr(last + 1)));
  }
  return users;
}

boost::asio::awaitable<Result<bool>> UserDigests::proves(
    const pki::DigestCredentials& credentials) {
  const auto known = secrets_.find(credentials.user_name);
  if (known == secrets_.end()) co_return false;
  co_return pki::digest_proves(credentials, known->second);
}

}  // namespace reveille::device

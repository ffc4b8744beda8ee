#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::admin {

// The API keys of the operators' port, as digests. Immutable: any thread.
class ApiKeys {
 public:
  explicit ApiKeys(const std::vector<std::string>& keys);

  bool empty() const { return digests_.empty(); }

  // Whether an Authorization header is HTTP Basic (RFC 7617) with user "nanomdm" and one of the
  // keys as password. Takes as long for a wrong key as for a right one.
  bool admit(std::optional<std::string_view> authorization) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest digest_of(std::string_view text);

  std::vector<Digest> digests_;
};

// Who may use the admin socket: root, and the user that the daemon runs as.
bool may_use_admin_socket(std::uint32_t peer_user_id, std::uint32_t own_user_id);

}  // namespace reveille::admin

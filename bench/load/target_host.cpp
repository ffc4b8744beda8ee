#include "bench/load/target_host.h"

#include <algorithm>
#include <string>

namespace reveille::bench {
namespace {

constexpr std::string_view apples_domain = "push.apple.com";

// As the resolver sees it: case does not count, and a last dot means the same name.
std::string canonical(std::string_view host) {
  std::string name(host);
  while (name.ends_with('.')) name.pop_back();
  std::ranges::transform(name, name.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return name;
}

}  // namespace

Result<void> check_target_host(std::string_view host, Insistence insistence) {
  const std::string name = canonical(host);
  if (name.empty()) return failure(ErrorCode::malformed, "--host is empty");
  const bool is_apples = name == apples_domain || name.ends_with("." + std::string(apples_domain));
  if (!is_apples || insistence == Insistence::really_apple) return {};
  return failure(ErrorCode::unauthorised, name +
                                              " is Apple's: load there costs the topic its access; "
                                              "--yes-really-apple sends it all the same");
}

}  // namespace reveille::bench

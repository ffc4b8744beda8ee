#pragma once

#include <string_view>

#include "protocol/base/error.h"

namespace reveille::bench {

// Load goes to machines of one's own. Apple treats floods and quick reconnects as an attack and
// closes the topic, so its hosts are refused by name unless someone insists.
// Errors: unauthorised, as a sentence for people.
enum class Insistence { none, really_apple };
Result<void> check_target_host(std::string_view host, Insistence insistence);

}  // namespace reveille::bench

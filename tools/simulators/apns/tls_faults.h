#pragma once

#include <string_view>

#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"
#include "tools/simulators/apns/behaviour.h"

namespace reveille::simulators::apns {

// Apple's identity, as PEM.
struct Identity {
  std::string certificate_chain, key;
};

// The context for connections in a phase: the usual one, or one that goes wrong as `handshake`
// says. Errors: malformed and unavailable, about the files.
Result<http::TlsContext> make_tls(const Identity& usual, const Handshake& handshake);

Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace reveille::simulators::apns

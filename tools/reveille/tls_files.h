#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille {

// A certificate with its intermediates, and its key.
struct TlsIdentity {
  std::vector<pki::Certificate> chain;  // leaf first
  pki::PrivateKey key;
};

// Errors: unavailable, one sentence that names the file: it cannot be read, is not PEM, or the
// certificate does not belong to the key.
Result<TlsIdentity> load_tls_identity(const std::filesystem::path& certificate_file,
                                      const std::filesystem::path& key_file);

// Every certificate of a PEM file; none for an empty path. Errors as above.
Result<std::vector<pki::Certificate>> load_certificates(const std::filesystem::path& file);

// The certificate for trying things out: server.pem and server.key in the state folder, issued by
// the authority whose ca.pem and ca.key lie there. Made anew for another host, by another
// authority, or when less than a month is left.
Result<TlsIdentity> development_tls_identity(const std::filesystem::path& folder,
                                             const std::string& host, const Clock& clock,
                                             RandomSource& random);

// The host of "https://host[:port]", without the brackets of an IPv6 address.
std::string host_of(const std::string& url);

}  // namespace reveille

#pragma once

#include <string_view>

#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"

namespace reveille::pki {

// The client's certificate as a TLS-terminating proxy passes it on, in one of two forms:
//   RFC 9440, Client-Cert:  ":" Base64 of the DER ":"
//   query-escaped PEM:      "-----BEGIN+CERTIFICATE-----%0AMII..."  ("%20" for the blank as well)
// Which header is believed, and from whom, is for the listener to say: anybody can write one.
// Errors: malformed.
Result<Certificate> certificate_from_proxy_header(std::string_view value);

}  // namespace reveille::pki

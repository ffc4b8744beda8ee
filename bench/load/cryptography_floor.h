#pragma once

#include <filesystem>

#include "protocol/base/error.h"
#include "tools/simulators/device/options.h"

namespace reveille::bench {

// What a server cannot help computing for one enrolment, in microseconds of CPU: our own functions
// on values, without socket, store or HTTP around them.
struct CryptographyFloor {
  double profile_signed = 0;  // CMS over the enrolment profile
  double scep_opened = 0;     // signature and request verified, decrypted with the authority's key
  double identity_issued = 0;
  double scep_answered = 0;      // encrypted and signed
  double identity_verified = 0;  // chain to the authority
  double handshake = 0;          // the server's half of TLS 1.3, no client certificate
  double mutual_handshake = 0;   // the same with one

  // A device fetches its profile and its identity on a connection each, then checks in with
  // Authenticate and TokenUpdate on a third, with its certificate.
  double total() const {
    return profile_signed + scep_opened + identity_issued + scep_answered + identity_verified +
           2 * handshake + mutual_handshake;
  }
};

// With the authority and the server certificate that a daemon has made in `state_folder`.
Result<CryptographyFloor> measure_cryptography(const std::filesystem::path& state_folder,
                                               simulators::device::KeyKind keys);

}  // namespace reveille::bench

#pragma once

#include "bench/load/seeding.h"
#include "protocol/base/error.h"

namespace reveille::bench {

// What OpenSSL alone takes for one Mdm-Signature, in microseconds of CPU.
struct SignatureFloor {
  double verified = 0;    // the message read, and CMS_verify() without a chain
  double arithmetic = 0;  // the signature of the key over a digest, all objects at hand
};

// Over a body of the size of an Idle. Errors: unavailable.
Result<SignatureFloor> measure_signature(const SeededIdentity& identity, int times);

}  // namespace reveille::bench

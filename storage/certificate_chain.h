#pragma once

#include <cstddef>

#include "protocol/base/error.h"

// What the engines share of Transaction::bound_device() and bind_certificate().
namespace reveille::storage {

// Renewals between a certificate and the one that was bound. A longer chain can only be a loop: it
// would take centuries of yearly renewals.
constexpr std::size_t renewals_max = 4'096;

inline std::unexpected<Error> renewed_too_often() {
  return failure(ErrorCode::corrupt, "a certificate's renewals form a loop");
}

inline std::unexpected<Error> certificate_is_taken() {
  return failure(ErrorCode::conflict, "the certificate is tied to another enrolment");
}

}  // namespace reveille::storage

#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatcher/runtime/storage_lanes.h"
#include "protocol/base/error.h"
#include "storage/records.h"

namespace reveille::enrolment {

// Whether an identity may still be renewed: not once its enrolment has ended on purpose, or has
// taken a later certificate and the overlap is over. Such a certificate could do nothing with what
// it got, and every answer would leave a record behind, for as long as it asks.
//
// One that is tied to no enrolment yet, or whose enrolment has not begun, may: the device may have
// lost its first answer. So may a renewal that has not shown itself yet.
// Errors: unavailable, corrupt, overloaded.
boost::asio::awaitable<Result<bool>> may_renew(StorageLanes& storage, storage::Sha256 identity,
                                               storage::Time now);

}  // namespace reveille::enrolment

#pragma once

#include "protocol/mdm/report.h"
#include "storage/store.h"

namespace reveille::device {

// Whether this connect gets an empty answer and changes nothing: an Idle of an enrolled device
// channel, with its own certificate, when nothing is queued for it. Most connects of a fleet are
// like this, so they are told from the last commit, without a turn of the storage lane: whatever
// was acknowledged before the request came is in that. False proves nothing: run_exchange() decides.
//
// Threads: any. Never blocks.
bool is_at_rest(const storage::Store& store, const mdm::Report& report,
                const storage::Sha256& certificate, storage::Time now);

}  // namespace reveille::device

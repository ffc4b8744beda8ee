#pragma once

#include <optional>

#include "storage/rocksdb/database.h"
#include "storage/store.h"

namespace reveille::storage::rocks {

// Store::glance(): two point reads that the memtables and the block cache must answer. A damaged
// row is nullopt too: whoever then asks in a transaction is told.
std::optional<Glance> glance(Database& database, const mdm::EnrolmentId& enrolment, Time now);

}  // namespace reveille::storage::rocks

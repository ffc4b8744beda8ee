#pragma once

#include <optional>
#include <string>

#include "storage/records.h"
#include "storage/store.h"

namespace reveille::admin {

// When an enrolment is pushed next and why then, or why it is not: a sentence for operators.
std::string why_wake(const storage::Enrolment& enrolment, const storage::QueueState& queue,
                     const storage::WakeState& wake, storage::Time now);

}  // namespace reveille::admin

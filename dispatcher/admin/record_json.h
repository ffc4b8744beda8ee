#pragma once

#include "dispatcher/admin/json_writer.h"
#include "storage/records.h"

// Records as operators see them: members of an object that the caller has opened. Times that never
// came are left out.
namespace reveille::admin {

void write_members(JsonWriter& json, const storage::Enrolment& enrolment);
void write_members(JsonWriter& json, const storage::Delivery& delivery);
void write_members(JsonWriter& json, const storage::WakeState& wake);
void write_members(JsonWriter& json, const storage::Batch& batch);
void write_members(JsonWriter& json, const storage::BatchCounts& counts);

}  // namespace reveille::admin

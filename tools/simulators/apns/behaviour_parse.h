#pragma once

#include <filesystem>

#include "tools/simulators/apns/behaviour.h"
#include "tools/simulators/apns/table_reader.h"

namespace reveille::simulators::apns {

// The tables of [always] and of a [[phase]]: changes of `behaviour` what the file names. Files are
// relative to `folder`.
void read_behaviour(TableReader& table, const std::filesystem::path& folder, Behaviour& behaviour);

// One [[...push]]. Keys that belong to another kind of fault are unknown here: finish() names those
// that fit.
PushFault read_push_fault(TableReader table);

}  // namespace reveille::simulators::apns

#pragma once

#include "bench/load/daemon.h"
#include "bench/load/seeding.h"

namespace reveille::bench {

// Gives each of the first `devices` one new command, the same one, without a push.
Result<void> queue_commands(const Daemon& daemon, const SeededFleet& fleet, std::size_t devices);

}  // namespace reveille::bench

#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "bench/load/daemon.h"
#include "bench/load/seeding.h"

// The command that measurements send, and the ways to give it to many.
namespace reveille::bench {

// A DeviceInformation that asks for two values, as a request's "request_type", "parameters" and
// "command_uuid".
boost::json::object device_information(const std::string& uuid);

// Gives each of the first `devices` one new command, the same one, without a push.
Result<void> queue_commands(const Daemon& daemon, const SeededFleet& fleet, std::size_t devices);

// The request for a batch that gives a new one to the audience, as /v1/batches takes it.
std::string batch_of_device_information(boost::json::object audience);
// Errors: unavailable, also when it is refused.
Result<void> start_batch(const Daemon& daemon, const std::string& body);

}  // namespace reveille::bench

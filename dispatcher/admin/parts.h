#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dispatcher/apns/client.h"
#include "dispatcher/batch/statistics.h"
#include "dispatcher/http/listener.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/wake/wake_lanes.h"
#include "protocol/http/message.h"
#include "protocol/pki/push_certificate.h"
#include "storage/store.h"

namespace reveille::admin {

struct Options {
  std::vector<std::string> api_keys;  // of the operators' port; none: nobody gets in there
  std::uint32_t own_user_id = 0;      // of the daemon: besides root, who may use the admin socket
  std::string version;
  std::chrono::milliseconds push_wait{15'000};      // for the outcomes of one request's pushes
  std::size_t enrolments_max = 100'000;             // in one request
  std::size_t audience_enrolments_max = 1'000'000;  // in one batch
  std::size_t links_max = 1'000;                    // in one request
};

// A profile URL that works once.
struct EnrolmentLink {
  std::string url;  // holds the challenge: a secret until it is spent
  storage::Time expires_at{};
};

struct NamedCount {
  std::string name;  // as JSON has it: "token_update"
  std::uint64_t count = 0;
};

// What the resources work with. Everything outlives the router; the functions are called on its
// lane.
struct Parts {
  Options options;
  const storage::Store& store;
  StorageLanes& storage;
  const Clock& clock;
  RandomSource& random;
  Log& log;
  Clock::SteadyTime started_at;  // of the daemon, by `clock`

  // WakeLanes' methods of these names, so that a test can answer for APNs.
  std::function<Result<void>(storage::DueWake&, wake::WakeReply&)> wake;
  std::function<void(storage::Partition)> notify_wakes;
  std::function<wake::WakeLanes::Statistics()> wake_statistics;

  // Expander's admit(), changed() and statistics().
  std::function<Result<void>()> admit_batch;
  std::function<void(const storage::BatchId&)> batch_changed;
  std::function<batch::Statistics()> batch_statistics;

  std::function<apns::Client::Statistics()> apns_statistics;
  std::function<http::Listener::Statistics()> device_statistics;
  // Of devices' requests, since the start; and of those refused, by reason.
  std::function<std::vector<NamedCount>()> exchange_counts;
  std::function<std::vector<NamedCount>()> refusal_counts;
  // These were revoked, durably: they are refused from now on.
  std::function<void(std::span<const storage::Sha256>)> certificates_revoked;
  // A push certificate was stored: pushes use it from now on, and a stopped topic goes on.
  std::function<void(pki::PushCertificate)> use_push_certificate;
  std::function<boost::asio::awaitable<Result<std::vector<EnrolmentLink>>>(
      std::size_t count, std::chrono::seconds valid)>
      create_enrolment_links;
};

// A request that the router has let in.
struct Exchange {
  const http::Request& request;
  std::vector<std::string> parameters;  // the path's variable segments, decoded
};

}  // namespace reveille::admin

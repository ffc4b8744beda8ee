#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dispatcher/admin/parts.h"
#include "dispatcher/http/handler.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/wake/wake_lanes.h"
#include "protocol/base/error.h"
#include "tools/reveille/configuration.h"

namespace reveille {

// What devices talk to, for all lanes: the authority, enrolment, check-in and connect.
class DeviceSide {
 public:
  // Makes the authority the first time (ca.pem and ca.key in `folder`). Everything passed by
  // reference outlives it. Errors: unavailable, one sentence.
  static Result<std::unique_ptr<DeviceSide>> make(const Configuration& configuration,
                                                  const std::filesystem::path& folder,
                                                  StorageLanes& storage, wake::WakeLanes& wakes,
                                                  const Clock& clock, RandomSource& random,
                                                  Log& log);
  ~DeviceSide();

  // Whom devices' certificates come from: told to them in the TLS handshake.
  std::vector<pki::Certificate> client_issuers() const;

  // Once, before requests come: one handler for each network lane. `public_url` has no path.
  // Errors: those of making the profile signer.
  Result<void> make_handlers(const std::string& public_url, std::size_t lanes);
  http::Handler& handler(std::size_t lane);

  // Links that enrol one device each; their challenges are durable when this returns.
  boost::asio::awaitable<Result<std::vector<admin::EnrolmentLink>>> create_links(
      std::size_t count, std::chrono::seconds valid);

  // From the next request on, on whatever connection. Any thread.
  void revoke(std::span<const storage::Sha256> certificates);

  // What all lanes have done, by name.
  std::vector<admin::NamedCount> exchange_counts() const;
  std::vector<admin::NamedCount> refusal_counts() const;  // by reason

 private:
  struct State;
  explicit DeviceSide(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace reveille

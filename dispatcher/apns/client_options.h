#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/pki/certificate.h"

namespace reveille::apns {

struct ClientOptions {
  std::string host = "api.push.apple.com";
  std::uint16_t port = 443;              // Apple serves 2197 as well
  std::string proxy_host;                // an HTTP proxy to CONNECT through; empty: none
  std::uint16_t proxy_port = 3128;
  std::vector<pki::Certificate> anchors;  // empty: the system's store

  std::size_t connections_max = 4;  // that take pushes; those that drain come on top, as many at most
  std::size_t dials_per_minute_max = 60;           // TCP connections begun, whatever happens
  std::size_t streams_per_connection_max = 1'000;  // ours; the peer's limit is obeyed as well
  std::int32_t first_stream_id = 1;                // of each connection; odd
  std::size_t queue_capacity = 65'536;             // bulk pushes that wait for a stream
  std::size_t urgent_queue_capacity = 8'192;       // urgent ones
  std::size_t attempts_max = 3;  // of one push whose stream was lost; refused ones do not count

  std::chrono::milliseconds push_timeout{30'000};    // from submit() to its outcome
  std::chrono::milliseconds answer_timeout{10'000};  // of one attempt; then it is sent elsewhere
  std::chrono::milliseconds connect_timeout{10'000};  // DNS, TCP, proxy and TLS together
  std::chrono::milliseconds ping_after{20'000};       // of silence while streams are open
  std::chrono::milliseconds ping_idle{3'600'000};     // of silence with none open
  std::chrono::milliseconds ping_timeout{8'000};
  std::chrono::milliseconds backoff_first{1'000};  // between connection attempts, full jitter
  std::chrono::milliseconds backoff_max{60'000};
  std::chrono::milliseconds certificate_retry{900'000};  // after APNs refused the certificate
  std::chrono::milliseconds refused_pause{100};  // of a push refused three times in a row

  std::chrono::milliseconds grow_after{20};        // a push waits so long with all streams taken
  std::chrono::milliseconds shrink_after{60'000};  // of load that one connection fewer would carry
  std::chrono::milliseconds slower_by{500};        // than its siblings, and 5 times: retired
};

}  // namespace reveille::apns

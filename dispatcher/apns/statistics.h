#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "dispatcher/apns/urgency.h"

namespace reveille::apns {

// What a client has done and holds. Each figure is exact; together they are of about one moment.
struct ClientStatistics {
  std::string topic;  // empty: no certificate yet
  // submitted = accepted + rejected + failed + in_flight + waiting, when nothing moves.
  std::uint64_t submitted = 0, accepted = 0, rejected = 0, failed = 0;
  std::uint64_t sent = 0;  // requests written, repeated ones too
  // Sent again: not processed (refused stream, GOAWAY); outcome unknown (reset stream, lost
  // connection, no answer in time), which may push a device twice.
  std::uint64_t resubmitted_refused = 0, resubmitted_goaway = 0, resubmitted_reset = 0;
  std::uint64_t resubmitted_lost = 0, resubmitted_unanswered = 0;
  std::uint64_t timed_out = 0;  // of the failed ones
  std::uint64_t dials = 0, connects = 0, connect_failures = 0;
  std::uint64_t goaways = 0, pings = 0;
  std::uint64_t retired = 0;  // connections given up: slow, stalled, or out of stream ids
  std::uint64_t connections = 0, connections_draining = 0;
  std::uint64_t in_flight = 0, waiting = 0, streams_allowed = 0;
  std::chrono::microseconds waiting_longest{};
  bool certificate_refused = false;
  std::string last_connect_error;

  // Outcomes with a response, by time from submit(): element i counts those below 2^i microseconds
  // and not below half of that; the last one has no upper bound.
  static constexpr std::size_t latency_bounds = 26;
  std::array<std::uint64_t, latency_bounds> latencies{};
};

// A figure that its owner's thread alone changes and any thread reads.
class Figure {
 public:
  void add(std::uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The same figures as the lane keeps them.
struct ClientFigures {
  Figure taken, accepted, rejected, failed, sent;
  Figure resubmitted_refused, resubmitted_goaway, resubmitted_reset;
  Figure resubmitted_lost, resubmitted_unanswered, timed_out;
  Figure dials, connects, connect_failures, goaways, pings, retired;
  Figure connections, connections_draining, in_flight, streams_allowed;
  std::array<Figure, urgencies> waiting;  // by urgency
  Figure waiting_longest_microseconds, certificate_refused;
  std::array<Figure, ClientStatistics::latency_bounds> latencies;

  void note_latency(std::chrono::microseconds latency);
  // `handed_over`: submitted, not taken by the lane yet.
  ClientStatistics read(std::uint64_t handed_over) const;

  void set_topic(const std::string& topic);
  void set_connect_error(const std::string& error);

 private:
  // Never taken on the way of a push: these change with a certificate or a failed connection.
  mutable std::mutex texts_mutex_;
  std::string topic_;               // guarded by texts_mutex_
  std::string last_connect_error_;  // guarded by texts_mutex_
};

}  // namespace reveille::apns

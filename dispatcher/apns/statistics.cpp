#include "dispatcher/apns/statistics.h"

#include <algorithm>
#include <bit>

namespace reveille::apns {

void ClientFigures::note_latency(std::chrono::microseconds latency) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  const auto bound = static_cast<std::size_t>(std::bit_width(microseconds));
  latencies[std::min(bound, latencies.size() - 1)].add();
}

ClientStatistics ClientFigures::read(std::uint64_t handed_over) const {
  ClientStatistics statistics;
  statistics.submitted = taken.get() + handed_over;
  statistics.accepted = accepted.get();
  statistics.rejected = rejected.get();
  statistics.failed = failed.get();
  statistics.sent = sent.get();
  statistics.resubmitted_refused = resubmitted_refused.get();
  statistics.resubmitted_goaway = resubmitted_goaway.get();
  statistics.resubmitted_reset = resubmitted_reset.get();
  statistics.resubmitted_lost = resubmitted_lost.get();
  statistics.resubmitted_unanswered = resubmitted_unanswered.get();
  statistics.timed_out = timed_out.get();
  statistics.dials = dials.get();
  statistics.connects = connects.get();
  statistics.connect_failures = connect_failures.get();
  statistics.goaways = goaways.get();
  statistics.pings = pings.get();
  statistics.retired = retired.get();
  statistics.connections = connections.get();
  statistics.connections_draining = connections_draining.get();
  statistics.in_flight = in_flight.get();
  for (const Figure& figure : waiting) statistics.waiting += figure.get();
  statistics.waiting += handed_over;
  statistics.streams_allowed = streams_allowed.get();
  statistics.waiting_longest = std::chrono::microseconds(waiting_longest_microseconds.get());
  statistics.certificate_refused = certificate_refused.get() != 0;
  for (std::size_t i = 0; i < latencies.size(); ++i) statistics.latencies[i] = latencies[i].get();
  const std::lock_guard lock(texts_mutex_);
  statistics.topic = topic_;
  statistics.last_connect_error = last_connect_error_;
  return statistics;
}

void ClientFigures::set_topic(const std::string& topic) {
  const std::lock_guard lock(texts_mutex_);
  topic_ = topic;
}

void ClientFigures::set_connect_error(const std::string& error) {
  const std::lock_guard lock(texts_mutex_);
  last_connect_error_ = error;
}

}  // namespace reveille::apns

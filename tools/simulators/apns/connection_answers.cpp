#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "tools/simulators/apns/connection.h"

// What becomes of a push.
namespace reveille::simulators::apns {

using reveille::apns::Reason;

namespace {

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool asks_to_try_again(int status) { return status == 429 || status >= 500; }

std::string json_of(const char* reason, std::optional<std::int64_t> unregistered_at) {
  boost::json::object body{{"reason", reason}};
  if (unregistered_at) body["timestamp"] = *unregistered_at;
  return boost::json::serialize(body);
}

std::string body_of(const PushFault& fault) {
  switch (fault.body) {
    case PushFault::Body::none:
      return {};
    case PushFault::Body::text:
      return "<html>The service is having a bad day.</html>";
    case PushFault::Body::unknown_reason:
      return json_of("NobodyHasHeardOfThis", std::nullopt);
    case PushFault::Body::json:
      break;
  }
  std::optional<std::int64_t> unregistered_at;
  if (fault.status == 410) {
    unregistered_at = wall_milliseconds() -
                      std::chrono::duration_cast<Milliseconds>(fault.unregistered_before).count();
  }
  return json_of(reveille::apns::name_of(fault.reason), unregistered_at);
}

}  // namespace

void Connection::on_head(const PushHead& head, Push& push) {
  check_head(head, topic_, service_.strictness, push);
  service_.ledger.expect(push.token_mark, push.id_number);
}

void Connection::on_broken_rule(BytesView rule) { service_.report.count_broken(rule); }

void Connection::on_withdrawn(wire::StreamId, Push& push) {
  ++service_.report.withdrawn;
  record(push, Outcome::lost);
}

void Connection::on_turned_away(Push& push) {
  ++service_.report.turned_away;
  record(push, Outcome::turned_away);
}

void Connection::on_push(wire::StreamId id, Push& push) {
  Report& report = service_.report;
  if (++report.requests == 1) service_.on_first_push();
  ++service_.phase_counts->requests;
  ++streams_;
  report.streams_most = std::max<std::uint64_t>(report.streams_most, session_.open_streams());
  if (over_ || (cut_at_ && *cut_at_ <= end_of_output())) return;  // nobody is there any more

  const std::uint64_t goaway_after = behaviour().goaway.after_streams;
  if (goaway_after != 0 && streams_ >= goaway_after) begin_goaway();
  if (session_.find(id) == nullptr) return;  // above the GOAWAY's last stream

  check_body(service_.strictness, service_.tokens, push);
  if (!push.broken_rule.empty()) on_broken_rule(push.broken_rule);
  const PushFault* fault = choose_fault(push);
  if (fault != nullptr && fault->kind != PushFault::Kind::answer) {
    return apply_loss(id, push, *fault);
  }
  // What the rules refuse is refused, whatever the dice say.
  if (push.reason != Reason::none) fault = nullptr;

  const LatencyDistribution& latency = behaviour().latency;
  Task task{.kind = Task::Kind::answer,
            .due = now_ + (latency.none() ? LatencyDistribution::Duration(0) : latency.draw(dice_)),
            .stream = id,
            .fault = fault,
            .arrived = now_};
  if (task.due <= now_) return give_answer(task);
  plan(task);
}

const PushFault* Connection::choose_fault(const Push& push) {
  const std::vector<PushFault>& faults = behaviour().pushes;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const PushFault& fault = faults[i];
    if (fault.times && service_.fault_counts[i] >= *fault.times) continue;
    if (!fault.tokens.matches(push.token) || !dice_.happens(fault.rate)) continue;
    ++service_.fault_counts[i];
    return &fault;
  }
  return nullptr;
}

// The provider does not get the answer of its push.
void Connection::apply_loss(wire::StreamId id, Push& push, const PushFault& fault) {
  // An answer that only waits may arrive after all, so it has to be true.
  const bool waits = fault.kind == PushFault::Kind::stall && fault.answer_bytes > 0;
  const bool processed = (fault.processed || waits) && push.reason == Reason::none;
  if (processed) deliver(push);
  if (fault.kind == PushFault::Kind::refuse) {
    ++service_.report.refused;
    record(push, Outcome::turned_away);
    return session_.reset(id, wire::code::refused_stream);
  }
  record(push, processed ? Outcome::accepted_lost : Outcome::lost);
  push.token_mark = 0;  // settled: the connection's end leaves it alone
  if (fault.kind == PushFault::Kind::stall) ++service_.report.stalled;
  if (fault.answer_bytes > 0) return end_amid_answer(id, push, fault);
  if (fault.kind == PushFault::Kind::reset) {
    ++service_.report.reset;
    session_.reset(id, fault.error_code);
  }
  if (fault.kind == PushFault::Kind::cut) cut_at(end_of_output());
}

// The connection is cut, or falls silent, where the answer has begun and not ended.
void Connection::end_amid_answer(wire::StreamId id, Push& push, const PushFault& fault) {
  const std::uint64_t begin = end_of_output();
  if (push.reason == Reason::none) {
    session_.accept(id);
  } else {
    session_.reject(id, reveille::apns::status_of(push.reason), {},
                    json_of(reveille::apns::name_of(push.reason), std::nullopt));
  }
  const std::uint64_t position = std::min(begin + fault.answer_bytes, end_of_output() - 1);
  if (fault.kind == PushFault::Kind::cut) {
    cut_at(position);
  } else {
    halt_at(position);
  }
}

void Connection::give_answer(const Task& task) {
  if (frozen_) {
    held_.push_back(task);
    return;
  }
  wire::OpenStream* stream = session_.find(task.stream);
  if (stream == nullptr || stream->answered) return;  // withdrawn meanwhile, or above a GOAWAY
  const auto taken = now_ - task.arrived;
  service_.report.time_to_answer.add(std::chrono::duration_cast<std::chrono::microseconds>(taken));
  if (stream->push.reason == Reason::none && task.fault == nullptr) {
    accept(task.stream, stream->push);
  } else {
    reject(task.stream, stream->push, task.fault);
  }
}

void Connection::accept(wire::StreamId id, Push& push) {
  deliver(push);
  record(push, Outcome::accepted);
  session_.accept(id);
}

// Accepted is what a device hears of.
void Connection::deliver(Push& push) {
  ++service_.report.accepted;
  ++service_.phase_counts->accepted;
  if (!service_.subscribers) return;
  const auto magic = magic_of(push.body, magic_storage_);
  if (magic) service_.subscribers->tell(push.token, *magic);
}

void Connection::reject(wire::StreamId id, Push& push, const PushFault* fault) {
  std::string more_headers;
  std::string body;
  int status = 0;
  if (fault != nullptr) {
    status = fault->status;
    body = body_of(*fault);
    if (fault->retry_after_seconds) {
      more_headers = "retry-after: " + std::to_string(*fault->retry_after_seconds);
    }
    service_.report.count_reason(reveille::apns::name_of(fault->reason));
  } else {
    status = reveille::apns::status_of(push.reason);
    body = json_of(reveille::apns::name_of(push.reason), push.unregistered_at_milliseconds);
    service_.report.count_reason(reveille::apns::name_of(push.reason));
  }
  record(push, asks_to_try_again(status) ? Outcome::put_off : Outcome::rejected);
  session_.reject(id, status, more_headers, body);
}

void Connection::record(const Push& push, Outcome outcome) {
  if (push.token_mark == 0) return;
  service_.ledger.record({.token = push.token_mark,
                          .id = push.id_number,
                          .connection = number_,
                          .now_milliseconds = service_.milliseconds_since_start(now_)},
                         outcome);
}

}  // namespace reveille::simulators::apns

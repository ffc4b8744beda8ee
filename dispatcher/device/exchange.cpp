#include "dispatcher/device/exchange.h"

#include <algorithm>
#include <utility>

namespace reveille::device {
namespace {

using Outcome = std::expected<Exchange, Refusal>;

// Late words of an enrolment that has ended: they change nothing, and the device may forget them.
Result<Outcome> answer_after_end(storage::Transaction& transaction, const mdm::Report& report) {
  if (report.status == mdm::Status::idle) return Outcome(std::unexpected(Refusal::enrolment_ended));
  const auto delivery =
      transaction.find_delivery(report.identity.enrolment, mdm::CommandUuid{report.command_uuid});
  if (!delivery && delivery.error().code != ErrorCode::not_found) {
    return std::unexpected(delivery.error());
  }
  storage::Recorded recorded;
  if (delivery && *delivery) {
    recorded.kind = storage::Recorded::Kind::duplicate;
    recorded.request_type = (*delivery)->request_type;
  }
  Exchange exchange;
  exchange.recorded = std::move(recorded);
  return Outcome(std::move(exchange));
}

Result<void> record(storage::Transaction& transaction, const mdm::Report& report,
                    const storage::ReportBody& body, storage::Time now, Exchange& exchange) {
  auto recorded = transaction.record_report(
      report.identity.enrolment, mdm::CommandUuid{report.command_uuid}, report.status, body, now);
  if (!recorded) return std::unexpected(recorded.error());
  exchange.recorded = *std::move(recorded);
  // In this life, or its type were unknown; whatever else became of the delivery, the device says
  // that it erases itself.
  exchange.erased = exchange.recorded->request_type == "EraseDevice" &&
                    report.status == mdm::Status::acknowledged &&
                    !report.identity.is_user_channel();
  if (!exchange.erased) return {};
  return transaction.end_enrolment(report.identity.device, storage::EndReason::erased, now);
}

// An answer begins the count anew: the next command of the same exchange is handed out for the
// first time, or as good as that.
Result<std::uint32_t> times_unanswered(storage::Transaction& transaction, const mdm::Report& report,
                                       const mdm::CommandUuid& command) {
  if (report.status != mdm::Status::idle) return 1;
  const auto delivery = transaction.find_delivery(report.identity.enrolment, command);
  if (!delivery) return std::unexpected(delivery.error());
  if (!*delivery) return 1;
  const std::uint32_t sent = (*delivery)->times_sent;
  return std::max<std::uint32_t>(1, sent - std::min(sent, (*delivery)->times_not_now));
}

Result<void> take_next(storage::Transaction& transaction, const mdm::Report& report,
                       const ExchangeRules& rules, storage::Time now, Exchange& exchange) {
  const mdm::EnrolmentId& enrolment = report.identity.enrolment;
  const bool is_new_round = report.status == mdm::Status::idle;
  auto next = transaction.next_command(
      enrolment, is_new_round ? storage::NotNow::offer : storage::NotNow::skip, now);
  if (!next) return std::unexpected(next.error());
  exchange.command = *std::move(next);
  HandedOut handed_out;
  if (exchange.command) {
    const auto times = times_unanswered(transaction, report, exchange.command->uuid);
    if (!times) return std::unexpected(times.error());
    handed_out.times_unanswered = *times;
  } else {
    const auto queue = transaction.queue_state(enrolment);
    if (!queue) return std::unexpected(queue.error());
    handed_out.put_off = queue->put_off;
  }
  exchange.wake_at = wake_after_exchange(handed_out, report.status, rules.timeouts, now);
  return transaction.reschedule_wake(enrolment, exchange.wake_at, now);
}

}  // namespace

Result<Outcome> run_exchange(storage::Transaction& transaction, const mdm::Report& report,
                             const storage::ReportBody& body, const storage::Sha256& certificate,
                             const ExchangeRules& rules, storage::Time now) {
  const Claim claim{.kind = MessageKind::connect,
                    .identity = report.identity,
                    .certificate = certificate,
                    .auth_token = report.auth_token ? &*report.auth_token : nullptr};
  const auto authorised = authorise_in(transaction, claim, rules.authorisation, now);
  if (!authorised) return std::unexpected(authorised.error());
  if (!*authorised) {
    const Refusal refusal = authorised->error();
    if (refusal == Refusal::enrolment_ended) return answer_after_end(transaction, report);
    return Outcome(std::unexpected(refusal));
  }
  Exchange exchange;
  exchange.pin = (*authorised)->pin;
  const Result<void> touched = transaction.touch(report.identity.enrolment, now);
  if (!touched) return std::unexpected(touched.error());
  const storage::Enrolment& channel = *(*authorised)->standing.channel;
  if (channel.state == storage::EnrolmentState::pending) return Outcome(std::move(exchange));

  if (report.status != mdm::Status::idle) {
    const Result<void> recorded = record(transaction, report, body, now, exchange);
    if (!recorded) return std::unexpected(recorded.error());
  }
  if (exchange.erased) return Outcome(std::move(exchange));
  const Result<void> taken = take_next(transaction, report, rules, now, exchange);
  if (!taken) return std::unexpected(taken.error());
  return Outcome(std::move(exchange));
}

}  // namespace reveille::device

#include "dispatcher/device/connect_handler.h"

#include <functional>
#include <utility>

#include "dispatcher/device/exchange.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/mdm/report.h"

namespace reveille::device {
namespace {

using Inner = std::expected<Exchange, Refusal>;
using Work = std::move_only_function<Result<Inner>(storage::Transaction&)>;

void follow_up(Parts& parts, const mdm::Report& report, const Exchange& exchange) {
  const mdm::Identity& identity = report.identity;
  if (exchange.pin == PinChange::adopt) tell_of_adoption(parts, identity.device);
  if (exchange.command) parts.statistics.commands_handed_out.add_one();
  if (exchange.erased) {
    parts.statistics.ended.add_one();
    parts.log.info("enrolment ended",
                   {{"enrolment", identity.enrolment.text()}, {"by", "EraseDevice"}});
  }
  // The wake may be due before anything that its lane knows of.
  if (exchange.wake_at) parts.notify_wakes(storage::partition_of(identity.enrolment));
}

http::Response answer(Exchange exchange) {
  http::Response response;
  if (!exchange.command) return response;
  const bool is_binary = exchange.command->body.starts_with("bplist00");
  response.headers.push_back(
      {"content-type", is_binary ? "application/x-plist" : "application/xml"});
  response.body = std::move(exchange.command->body);
  return response;
}

}  // namespace

boost::asio::awaitable<http::Response> handle_connect(Parts& parts, Bytes body,
                                                      const Caller& caller,
                                                      const std::string& address) {
  Result<mdm::Report> parsed = mdm::parse_report(body);
  if (!parsed) {
    parts.statistics.count(RequestKind::unreadable);
    const Refused refused{.refusal = Refusal::malformed, .detail = parsed.error().detail};
    const Sender sender{.message = "connect", .enrolment = nullptr, .address = address};
    co_return refuse(parts, refused, sender);
  }
  const mdm::Report& report = *parsed;
  const mdm::EnrolmentId& enrolment = report.identity.enrolment;
  const Sender sender{.message = "connect", .enrolment = &enrolment, .address = address};
  parts.statistics.count(RequestKind::connect);

  const storage::Sha256 certificate = caller.certificate;
  const ExchangeRules rules = parts.rules;
  // The time is read in the storage lane, as for check-ins.
  Work work = [report, kept = std::move(body), certificate, rules,
               &clock = parts.clock](storage::Transaction& transaction) {
    return run_exchange(transaction, report, kept, certificate, rules, clock.wall_now());
  };
  Result<Inner> outcome = co_await run_in_storage<Inner>(
      parts.storage, storage::partition_of(report.identity.device), std::move(work));
  if (!outcome) co_return refuse(parts, outcome.error(), sender);
  if (!*outcome) {
    const Refused refused{.refusal = outcome->error(), .detail = {}};
    co_return refuse(parts, refused, sender);
  }
  parts.statistics.count(report.status);
  follow_up(parts, report, **outcome);
  co_return answer(*std::move(*outcome));
}

}  // namespace reveille::device

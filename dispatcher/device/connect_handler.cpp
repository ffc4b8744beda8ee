#include "dispatcher/device/connect_handler.h"

#include <memory>
#include <optional>
#include <utility>

#include "dispatcher/device/at_rest.h"
#include "dispatcher/device/bound_work.h"
#include "dispatcher/device/exchange.h"
#include "dispatcher/device/long_report.h"
#include "dispatcher/device/sign_in_again.h"
#include "protocol/mdm/report.h"

namespace reveille::device {
namespace {

using Inner = std::expected<Exchange, Refusal>;

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
  if (exchange.wake_at && *exchange.wake_at - parts.clock.wall_now() < wakes_reread_within) {
    parts.notify_wakes(storage::partition_of(identity.enrolment));
  }
}

bool is_recorded(const Result<Inner>& outcome) {
  if (!outcome || !*outcome) return false;
  const auto& recorded = (*outcome)->recorded;
  return recorded && recorded->kind == storage::Recorded::Kind::recorded;
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

boost::asio::awaitable<http::Response> handle_connect(Parts& parts, ReceivedReport body,
                                                      const Caller& caller,
                                                      const std::string& address) {
  const Result<mdm::Report> parsed =
      body.file ? parse_in_file(*body.file) : mdm::parse_report(body.bytes);
  if (!parsed) {
    parts.statistics.count(RequestKind::unreadable);
    const Refused refused{.refusal = refusal_of(parsed.error().code),
                          .detail = parsed.error().detail};
    const Sender sender{.message = "connect", .enrolment = nullptr, .address = address};
    co_return refuse(parts, refused, sender);
  }
  const mdm::Report& report = *parsed;
  const mdm::EnrolmentId& enrolment = report.identity.enrolment;
  const Sender sender{.message = "connect",
                      .enrolment = &enrolment,
                      .address = address,
                      .kind = RequestKind::connect};
  parts.statistics.count(RequestKind::connect);
  auto challenge = co_await sign_in_again(parts, report.identity, nullptr, caller, sender);
  if (challenge) co_return *std::move(challenge);

  if (is_at_rest(parts.storage.store(), report, caller.certificate, parts.clock.wall_now())) {
    parts.statistics.count(report.status);
    co_return http::Response{};
  }

  // Shared with the job rather than copied into it: a report may have megabytes.
  const auto kept = std::make_shared<const Bytes>(std::move(body.bytes));
  const storage::Sha256 certificate = caller.certificate;
  std::optional<storage::UploadId> upload;
  if (body.file && ends_its_command(report.status)) {
    upload = draw_upload(parts.random);
    const Result<void> put = co_await put_pieces(parts, report, certificate, body.file, *upload);
    if (!put) co_return refuse(parts, put.error(), sender);
  }
  const auto work = [report, kept, upload, certificate, rules = parts.rules](
                        storage::Transaction& transaction, storage::Time now) {
    const storage::ReportBody bytes =
        upload ? storage::ReportBody(*upload) : storage::ReportBody(*kept);
    return run_exchange(transaction, report, bytes, certificate, rules, now);
  };
  Result<Inner> outcome =
      co_await run_bound<Inner>(parts, report.identity, certificate, work);
  if (upload && !is_recorded(outcome)) co_await drop_pieces(parts, report, *upload);
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

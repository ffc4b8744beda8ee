#include "tools/simulators/device/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/pki/mdm_signature.h"
#include "tools/simulators/device/pause.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

constexpr char check_in_type[] = "application/x-apple-aspen-mdm-checkin";
constexpr char connect_type[] = "application/x-apple-aspen-mdm";

}  // namespace

Line::Line(const FleetServices& services, const Speaker& speaker, const Enrolment& enrolment)
    : services_(services), speaker_(speaker), enrolment_(enrolment) {}

asio::awaitable<Result<http::Response>> Line::send(Where where, Bytes body) {
  const bool is_check_in = where == Where::check_in;
  const Url& url = is_check_in ? enrolment_.check_in_url : enrolment_.server_url;
  http::Request request{.method = "PUT",
                        .target = url.target,
                        .authority = {},
                        .headers = {{"content-type", is_check_in ? check_in_type : connect_type},
                                    {"user-agent", "MDM/1.0"}},
                        .body = std::move(body)};
  if (services_.options.proof == IdentityProof::signature) {
    Result<std::string> signature = pki::make_mdm_signature(
        request.body, *enrolment_.identity.certificate, enrolment_.identity.key);
    if (!signature) co_return std::unexpected(std::move(signature.error()));
    request.headers.push_back({"mdm-signature", *std::move(signature)});
  }
  if (speaker_.has_bearer_token()) {
    const auto& tokens = services_.options.bearer_tokens;
    const std::string token = token_ < tokens.size() ? tokens[token_] : "of-" + speaker_.device;
    request.headers.push_back({"authorization", "Bearer " + token});
  }
  Report& report = services_.report;
  const auto start = std::chrono::steady_clock::now();
  ++report.requests;
  const auto deadline = start + services_.options.request_timeout;
  Result<http::Response> response = co_await transport().exchange(std::move(request), deadline);
  if (!response) {
    hang_up();
    co_return response;
  }
  report.request_time.add(since(start));
  ++report.by_status[response->status];
  const Verdict verdict = verdict_of(*response, speaker_.has_bearer_token());
  if (verdict == Verdict::sign_in_again) {
    ++report.sign_ins;
    ++token_;
  }
  const bool orders_to_go = verdict == Verdict::unenrolled || response->status == 403;
  if (orders_to_go) {
    report.broke(Rule::no_accidental_end,
                 fmt::format("HTTP {} to {}", response->status, speaker_.enrolment()));
  }
  co_return response;
}

asio::awaitable<Result<http::Response>> Line::send_until_answered(Where where, Bytes body,
                                                                  IsOver is_over) {
  std::chrono::milliseconds wait = services_.options.retry_first;
  for (;;) {
    Result<http::Response> response = co_await send(where, body);
    if (response) {
      const Verdict verdict = verdict_of(*response, speaker_.has_bearer_token());
      if (verdict == Verdict::accepted || verdict == Verdict::refused) co_return response;
      if (verdict == Verdict::unenrolled) {
        co_return failure(ErrorCode::unauthorised, "unenrolled by the server");
      }
    }
    if (is_over()) co_return failure(ErrorCode::unavailable, "the enrolment has ended meanwhile");
    ++services_.report.retries;
    hang_up();
    co_await pause(wait);
    wait = std::min(wait * 2, services_.options.retry_max);
  }
}

asio::awaitable<Result<http::Response>> Line::send_until_accepted(Where where, Bytes body,
                                                                  Rule rule, IsOver is_over) {
  for (;;) {
    Result<http::Response> response = co_await send_until_answered(where, body, is_over);
    if (!response || response->status / 100 == 2) co_return response;
    // While a device leaves, its users may come too late: no rule is broken then.
    if (is_over()) co_return failure(ErrorCode::unavailable, "the enrolment has ended meanwhile");
    services_.report.broke(rule, fmt::format("HTTP {} to {}: {}", response->status,
                                             speaker_.enrolment(), response->body.substr(0, 100)));
    ++services_.report.retries;
    hang_up();
    co_await pause(services_.options.retry_max);
  }
}

Transport& Line::transport() {
  if (!transport_) {
    const bool by_certificate = services_.options.proof == IdentityProof::certificate;
    transport_ =
        make_transport(services_.lane, services_.options.http, enrolment_.server_url,
                       make_tls(services_, by_certificate ? &enrolment_.identity : nullptr));
  }
  return *transport_;
}

}  // namespace reveille::simulators::device

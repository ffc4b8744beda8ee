#include "tools/simulators/device/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/mdm_signature.h"
#include "protocol/pki/scep.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

constexpr char check_in_type[] = "application/x-apple-aspen-mdm-checkin";
constexpr char connect_type[] = "application/x-apple-aspen-mdm";

std::unexpected<Error> refused(std::string_view what, const http::Response& response) {
  return failure(ErrorCode::unavailable, fmt::format("{}: HTTP {}: {}", what, response.status,
                                                     response.body.substr(0, 200)));
}

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

asio::awaitable<void> pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

Device::Device(const FleetServices& services, std::uint64_t number, pki::PrivateKey key)
    : services_(services),
      udid_(fmt::format("{}-{:012X}", services.options.udid_prefix, number)),
      serial_number_(fmt::format("SIM{:09d}", number)),
      key_(std::move(key)),
      behaviour_(services.options, number) {
  SystemRandomSource random;
  push_token_ = random.bytes(32);
  push_magic_ = random.uuid();
}

asio::awaitable<Result<void>> Device::enrol(std::string link) {
  const auto start = std::chrono::steady_clock::now();
  Result<profile::EnrolmentProfile> profile = co_await fetch_profile(link);
  if (!profile) co_return std::unexpected(std::move(profile.error()));
  const profile::MdmPayload& mdm = profile->mdm;
  Result<Url> server_url = parse_url(mdm.server_url);
  Result<Url> check_in_url =
      parse_url(mdm.check_in_url.empty() ? mdm.server_url : mdm.check_in_url);
  if (!server_url) co_return std::unexpected(std::move(server_url.error()));
  if (!check_in_url) co_return std::unexpected(std::move(check_in_url.error()));
  if (server_url->authority() != check_in_url->authority()) {
    co_return failure(ErrorCode::malformed, "CheckInURL and ServerURL name different servers");
  }
  server_url_ = *std::move(server_url);
  check_in_url_ = *std::move(check_in_url);
  topic_ = mdm.topic;

  Result<void> identity = co_await obtain_identity(profile->scep);
  if (!identity) co_return identity;

  Bytes body = authenticate_body(udid_, serial_number_, topic_);
  Result<http::Response> response = co_await send(*check_in_url_, check_in_type, std::move(body));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("Authenticate", *response);
  body = token_update_body(udid_, topic_, push_token_, push_magic_);
  response = co_await send(*check_in_url_, check_in_type, std::move(body));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("TokenUpdate", *response);

  transport_.reset();
  life_ = Life::enrolled;
  ++services_.report.enrolled;
  services_.report.enrolment_time.add(since(start));
  note("enrolled");
  co_return Result<void>();
}

asio::awaitable<Result<profile::EnrolmentProfile>> Device::fetch_profile(const std::string& link) {
  Result<Url> url = parse_url(link);
  if (!url) co_return std::unexpected(std::move(url.error()));
  auto transport = make_transport(services_.lane, services_.options.http, *url, tls(false));
  http::Request request{
      .method = "GET", .target = url->target, .authority = {}, .headers = {}, .body = {}};
  const auto deadline = std::chrono::steady_clock::now() + services_.options.request_timeout;
  Result<http::Response> response = co_await transport->exchange(std::move(request), deadline);
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("profile", *response);
  if (response->body.starts_with("<")) {
    co_return profile::parse_enrolment_profile(response->body);
  }
  Result<pki::VerifiedContent> opened = pki::verify_attached(response->body);
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  co_return profile::parse_enrolment_profile(opened->content);
}

asio::awaitable<Result<void>> Device::obtain_identity(const profile::ScepPayload& scep) {
  Result<Url> url = parse_url(scep.url);
  if (!url) co_return std::unexpected(std::move(url.error()));
  auto transport = make_transport(services_.lane, services_.options.http, *url, tls(false));
  const auto deadline = std::chrono::steady_clock::now() + services_.options.request_timeout;
  http::Request get_ca{.method = "GET",
                       .target = url->target + "?operation=GetCACert",
                       .authority = {},
                       .headers = {},
                       .body = {}};
  Result<http::Response> response = co_await transport->exchange(std::move(get_ca), deadline);
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("GetCACert", *response);
  Result<pki::Certificate> authority = pki::Certificate::from_der(response->body);
  if (!authority) co_return std::unexpected(std::move(authority.error()));

  Result<pki::CertificateRequest> csr =
      pki::CertificateRequest::create(udid_, scep.organisation, scep.challenge, key_);
  if (!csr) co_return std::unexpected(std::move(csr.error()));
  SystemRandomSource random;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const pki::CertificateTemplate signer_contents{
      .common_name = udid_,
      .organisation = scep.organisation,
      .user_id = std::nullopt,
      .dns_names = {},
      .serial = random.bytes(16),
      .not_before = now - std::chrono::hours(1),
      .not_after = now + std::chrono::hours(24),
      .purpose = pki::CertificateTemplate::Purpose::tls_client};
  Result<pki::Certificate> signer = pki::issue_self_signed(signer_contents, key_);
  if (!signer) co_return std::unexpected(std::move(signer.error()));
  const pki::scep::ClientRequest request{.type = pki::scep::MessageType::pkcs_req,
                                         .csr = *csr,
                                         .signer = *signer,
                                         .signer_key = key_,
                                         .transaction_id = random.uuid(),
                                         .sender_nonce = random.bytes(16)};
  Result<Bytes> message = pki::scep::make_request(request, *authority);
  if (!message) co_return std::unexpected(std::move(message.error()));
  http::Request post{.method = "POST",
                     .target = url->target + "?operation=PKIOperation",
                     .authority = {},
                     .headers = {{"content-type", "application/x-pki-message"}},
                     .body = *std::move(message)};
  response = co_await transport->exchange(std::move(post), deadline);
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("PKIOperation", *response);
  Result<pki::scep::Answer> answer =
      pki::scep::parse_answer(response->body, request, *authority, key_);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (!answer->issued) {
    co_return failure(ErrorCode::unauthorised, "SCEP refused the request");
  }
  certificate_ = answer->issued;
  co_return Result<void>();
}

asio::awaitable<Device::After> Device::connect() {
  ++services_.report.exchanges;
  expectations_.begin_exchange();
  Result<http::Response> idle = co_await send_until_accepted(
      connect_type, report_body(udid_, mdm::Status::idle, std::nullopt));
  if (!idle) co_return After::gone;
  http::Response response = *std::move(idle);
  After after = After::asleep;
  while (!response.body.empty()) {
    Result<mdm::Command> command = mdm::parse_command(std::move(response.body));
    if (!command) {
      broke("the server sent something that is no command: " + command.error().detail);
      break;
    }
    ++services_.report.commands_handed_out;
    note("handed_out", command->uuid.text);
    if (auto broken = expectations_.on_handed_out(command->uuid)) {
      broke(*std::move(broken));
      break;
    }
    const mdm::Status status = behaviour_.answer_to(*command);
    if (services_.options.answer_delay.count() > 0) co_await pause(services_.options.answer_delay);
    const bool more = co_await answer(*command, status, response);
    after = status == mdm::Status::not_now ? After::polls_again : After::asleep;
    if (!more) {
      after = After::gone;
      break;
    }
  }
  transport_.reset();
  co_return after;
}

// False when the device is gone after this answer.
asio::awaitable<bool> Device::answer(const mdm::Command& command, mdm::Status status,
                                     http::Response& next) {
  Bytes body = report_body(udid_, status, command);
  Result<http::Response> accepted = co_await send_until_accepted(connect_type, std::move(body));
  if (!accepted) co_return false;
  expectations_.on_answer_accepted(command.uuid, status);
  if (pushed_at_) services_.report.wake_to_answer.add(since(*pushed_at_));
  pushed_at_.reset();
  switch (status) {
    case mdm::Status::not_now:
      ++services_.report.not_now;
      note("not_now", command.uuid.text);
      break;
    case mdm::Status::acknowledged:
      ++services_.report.acknowledged;
      note("acknowledged", command.uuid.text);
      break;
    default:
      ++services_.report.errors;
      note("failed", command.uuid.text);
      break;
  }
  if (command.request_type == "EraseDevice" && status == mdm::Status::acknowledged) {
    life_ = Life::erased;
    ++services_.report.erased;
    note("erased");
    co_return false;
  }
  next = *std::move(accepted);
  co_return true;
}

asio::awaitable<void> Device::check_out() {
  Result<http::Response> response =
      co_await send(*check_in_url_, check_in_type, check_out_body(udid_, topic_));
  if (!response || response->status != 200) broke("CheckOut was not answered with 200");
  transport_.reset();
  life_ = Life::checked_out;
  ++services_.report.checked_out;
  note("checked_out");
}

void Device::leave_silently() {
  transport_.reset();
  life_ = Life::left;
  ++services_.report.left_silently;
  note("left");
}

asio::awaitable<Result<http::Response>> Device::send(const Url& url, std::string content_type,
                                                     Bytes body) {
  http::Request request{
      .method = "PUT",
      .target = url.target,
      .authority = {},
      .headers = {{"content-type", std::move(content_type)}, {"user-agent", "MDM/1.0"}},
      .body = std::move(body)};
  if (services_.options.proof == IdentityProof::signature) {
    Result<std::string> signature = pki::make_mdm_signature(request.body, *certificate_, key_);
    if (!signature) co_return std::unexpected(std::move(signature.error()));
    request.headers.push_back({"mdm-signature", *std::move(signature)});
  }
  const auto start = std::chrono::steady_clock::now();
  ++services_.report.requests;
  const auto deadline = start + services_.options.request_timeout;
  Result<http::Response> response = co_await mdm_transport().exchange(std::move(request), deadline);
  if (response) {
    services_.report.request_time.add(since(start));
    judge_status(response->status);
  }
  co_return response;
}

asio::awaitable<Result<http::Response>> Device::send_until_accepted(std::string content_type,
                                                                    Bytes body) {
  std::chrono::milliseconds wait = services_.options.retry_first;
  for (;;) {
    Result<http::Response> response = co_await send(*server_url_, content_type, body);
    if (response && response->status / 100 == 2) co_return response;
    // 401 and 403 tell a device to go; anything else it survives, and comes back.
    if (response && (response->status == 401 || response->status == 403)) {
      life_ = Life::left;
      co_return failure(ErrorCode::unauthorised, "unenrolled by the server");
    }
    ++services_.report.retries;
    transport_.reset();
    co_await pause(wait);
    wait = std::min(wait * 2, services_.options.retry_max);
  }
}

http::TlsContext Device::tls(bool with_identity) const {
  http::TlsContext::ClientOptions options;
  options.anchors = services_.anchors;
  if (with_identity) {
    options.certificate = certificate_;
    options.key = key_;
  }
  options.protocols = {services_.options.http == HttpVersion::http2 ? "h2" : "http/1.1"};
  Result<http::TlsContext> context = http::TlsContext::for_client(options);
  if (!context) throw std::runtime_error("TLS context: " + context.error().detail);
  return *std::move(context);
}

Transport& Device::mdm_transport() {
  if (!transport_) {
    const bool with_identity = services_.options.proof == IdentityProof::certificate;
    transport_ =
        make_transport(services_.lane, services_.options.http, *server_url_, tls(with_identity));
  }
  return *transport_;
}

void Device::note(std::string_view event, std::string_view command) {
  if (services_.history != nullptr) services_.history->write(udid_, event, command);
}

void Device::broke(std::string expectation) { ++services_.report.broken[std::move(expectation)]; }

void Device::judge_status(int status) {
  ++services_.report.by_status[status];
  if (status == 401 || status == 403) {
    broke(fmt::format("HTTP {}: an enrolled device takes it as an order to unenrol", status));
  }
}

}  // namespace reveille::simulators::device

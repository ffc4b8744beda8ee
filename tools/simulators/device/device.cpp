#include "tools/simulators/device/device.h"

#include <fmt/format.h>

#include <utility>

#include "tools/simulators/device/cast.h"
#include "tools/simulators/device/pause.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t channels_max = 256;  // of one device: their dice are numbered by it
constexpr std::chrono::milliseconds look_again{5};

std::vector<Speaker> cast_of(const FleetServices& services, std::uint64_t number) {
  const FleetOptions& options = services.options;
  return cast(options.scenario, options.seed, number, options.udid_prefix);
}

}  // namespace

Device::Device(const FleetServices& services, std::uint64_t number, pki::PrivateKey key)
    : services_(services),
      serial_number_(fmt::format("SIM{:09d}", number)),
      state_{.enrolment = {.identity = {.key = std::move(key), .certificate = std::nullopt},
                           .scep = {},
                           .topic = {},
                           .server_url = {},
                           .check_in_url = {}}} {
  for (Speaker& speaker : cast_of(services, number)) {
    const Dice dice(services.options.seed, number * channels_max + channels_.size() + 1);
    channels_.push_back(std::make_unique<Channel>(services, state_, std::move(speaker), dice));
  }
  first_id_ = id();
  ++services.report.by_kind[traits_of(own().speaker().kind).name];
}

asio::awaitable<Result<void>> Device::enrol(std::string link) {
  const auto start = std::chrono::steady_clock::now();
  users_wait_ = true;
  auto profile = co_await fetch_profile(services_, std::move(link));
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
  state_.enrolment.server_url = *std::move(server_url);
  state_.enrolment.check_in_url = *std::move(check_in_url);
  state_.enrolment.topic = mdm.topic;
  state_.enrolment.scep = profile->scep;

  auto identity =
      co_await obtain_identity(services_, profile->scep, id(), state_.enrolment.identity);
  if (!identity) co_return std::unexpected(std::move(identity.error()));
  state_.enrolment.identity = *std::move(identity);
  Result<void> begun = co_await authenticate();
  if (begun) begun = co_await begin_channels();
  if (!begun) co_return begun;
  users_wait_ = false;
  ++services_.report.enrolled;
  services_.report.enrolment_time.add(since(start));
  co_return Result<void>();
}

asio::awaitable<Result<void>> Device::authenticate() {
  const Bytes body = authenticate_body(own().speaker(), serial_number_, state_.enrolment.topic);
  Result<http::Response> response = co_await own().line().send(Line::Where::check_in, body);
  for (std::size_t attempt = 1; attempt < services_.options.enrolment_attempts_max; ++attempt) {
    if (response && response->status != 503) break;
    ++services_.report.enrolment_repeats;
    own().line().hang_up();
    co_await pause(services_.options.retry_max);
    response = co_await own().line().send(Line::Where::check_in, body);
  }
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) {
    co_return failure(
        ErrorCode::unavailable,
        fmt::format("Authenticate: HTTP {}: {}", response->status, response->body.substr(0, 200)));
  }
  own().expect_empty(*response);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Device::begin_channels() {
  for (const auto& channel : channels_) {
    Result<bool> begun = co_await channel->begin();
    if (!begun) co_return std::unexpected(std::move(begun.error()));
    if (channel == channels_.front()) state_.life = Life::enrolled;
  }
  co_return Result<void>();
}

asio::awaitable<Channel::After> Device::take_turn(Channel& channel) {
  const bool is_user = channel.speaker().is_user_channel();
  while (is_user && users_wait_) co_await pause(look_again);
  if (!channel.is_alive() || (is_user && state_.is_leaving)) co_return Channel::After::asleep;
  users_talking_ += is_user ? 1 : 0;
  for (const Errand errand : channel.roll_errands()) {
    if (channel.is_alive() && !channel.is_over()) co_await run(errand, channel);
  }
  Channel::After after = Channel::After::gone;
  if (channel.is_alive()) after = co_await channel.connect();
  users_talking_ -= is_user ? 1 : 0;
  if (after != Channel::After::gone || is_user) co_return after;
  if (state_.life == Life::erased && !has_gone_) {
    end(Life::erased, "erased", services_.report.erased);
    co_await try_to_come_back();
  }
  if (state_.life == Life::left && !has_gone_) {
    end(Life::left, "left", services_.report.left_silently);
  }
  co_await perhaps_return();
  co_return channel.is_alive() ? Channel::After::asleep : after;
}

asio::awaitable<void> Device::run(Errand errand, Channel& channel) {
  Report& report = services_.report;
  switch (errand) {
    case Errand::token_update:
      ++report.token_updates;
      co_await channel.update_token();
      break;
    case Errand::restore:
      // The same message; what differs is that nothing else announces it.
      ++report.restores;
      co_await channel.update_token();
      break;
    case Errand::renewal:
      co_await renew();
      break;
    case Errand::enrol_again:
      co_await enrol_again();
      break;
    case Errand::bootstrap_token:
      co_await channel.escrow_bootstrap_token();
      break;
    case Errand::token:
      co_await channel.get_tokens();
      break;
    case Errand::declarations:
      co_await channel.synchronise_declarations();
      break;
    case Errand::login:
      co_await channel.log_in();
      break;
    case Errand::return_to_service:
      co_await return_to_service();
      break;
    case Errand::check_out:
      co_await check_out();
      break;
    case Errand::silent_leave:
      leave_silently();
      break;
  }
}

asio::awaitable<void> Device::silence_users() {
  users_wait_ = true;
  while (users_talking_ > 0) co_await pause(look_again);
}

asio::awaitable<void> Device::renew() {
  co_await silence_users();
  auto identity =
      co_await obtain_identity(services_, state_.enrolment.scep, id(), state_.enrolment.identity);
  if (identity) {
    ++services_.report.renewals;
    state_.enrolment.identity = *std::move(identity);
    own().line().hang_up();
    // Shows the new certificate before anybody can renew it in turn.
    co_await own().update_token();
  } else if (identity.error().code == ErrorCode::unauthorised) {
    services_.report.broke(Rule::renewal, id() + ": " + identity.error().detail);
  }
  users_wait_ = false;
}

asio::awaitable<void> Device::enrol_again() {
  co_await silence_users();
  Result<void> begun = co_await authenticate();
  if (begun) {
    for (const auto& channel : channels_) channel->forget();
    begun = co_await begin_channels();
  }
  // A server that is away has not begun a new life, or only half of one: the device tries once
  // more.
  while (!begun && !own().is_alive() && state_.life == Life::enrolled) {
    co_await pause(services_.options.retry_first);
    begun = co_await begin_channels();
  }
  ++services_.report.enrolled_again;
  users_wait_ = false;
}

// A device that was erased or has checked out, and then shows what its backup kept.
asio::awaitable<void> Device::try_to_come_back() {
  if (!own().rolls(services_.options.scenario.errands.restore_rate)) co_return;
  ++services_.report.restores;
  Bytes body = token_update_body(own().speaker(), state_.enrolment.topic, own().address());
  const Result<http::Response> response =
      co_await own().line().send(Line::Where::check_in, std::move(body));
  if (response && response->status / 100 == 2) {
    services_.report.broke(Rule::ended_stays_ended, id());
  }
  own().line().hang_up();
}

// What the device is told serves it once it has been erased, which needs a link of its own here.
asio::awaitable<void> Device::return_to_service() {
  const bool is_told = co_await own().ask_return_to_service();
  if (!is_told || !own().is_alive()) co_return;
  std::optional<std::string> link = services_.spare_links.take();
  if (!link) co_return;
  end(Life::erased, "erased", services_.report.erased);
  co_await enrol_anew(*std::move(link));
}

asio::awaitable<void> Device::perhaps_return() {
  if (state_.life == Life::enrolled || state_.life == Life::unenrolled) co_return;
  if (!own().rolls(services_.options.scenario.errands.return_rate)) co_return;
  std::optional<std::string> link = services_.spare_links.take();
  if (link) co_await enrol_anew(*std::move(link));
}

asio::awaitable<void> Device::enrol_anew(std::string link) {
  co_await silence_users();
  ++lives_;
  Identity& identity = state_.enrolment.identity;
  identity.certificate.reset();
  if (!identity.key.is_rsa()) {
    Result<pki::PrivateKey> key = pki::PrivateKey::generate_p256();
    if (key) identity.key = *std::move(key);
  }
  // A User Enrolment that comes back is a new one, with another EnrollmentID.
  const bool is_other = traits_of(own().speaker().kind).by_enrolment_id;
  const std::string id = is_other ? fmt::format("{}-{}", first_id_, lives_) : first_id_;
  for (const auto& channel : channels_) channel->begin_anew(id);
  state_.life = Life::unenrolled;
  state_.is_leaving = false;
  has_gone_ = false;
  const Result<void> enrolled = co_await enrol(std::move(link));
  if (enrolled) {
    ++services_.report.returned;
    co_return;
  }
  ++services_.report.enrolments_failed;
  services_.report.broke(Rule::enrolment, id + " again: " + enrolled.error().detail);
  users_wait_ = false;
  end(Life::left, "left", services_.report.left_silently);
}

asio::awaitable<void> Device::check_out() {
  state_.is_leaving = true;
  Bytes body = check_out_body(own().speaker(), state_.enrolment.topic);
  const Result<http::Response> response =
      co_await own().line().send(Line::Where::check_in, std::move(body));
  if (!response || response->status != 200) {
    services_.report.broke(Rule::check_in_accepted, id() + ": CheckOut");
  } else {
    own().expect_empty(*response);
  }
  end(Life::checked_out, "checked_out", services_.report.checked_out);
  if (response) co_await try_to_come_back();
}

void Device::leave_silently() { end(Life::left, "left", services_.report.left_silently); }

void Device::end(Life life, std::string_view event, std::uint64_t& counter) {
  state_.life = life;
  state_.is_leaving = true;
  has_gone_ = true;
  own().line().hang_up();
  for (const auto& channel : channels_) services_.push_tokens.remove(channel->address().token);
  ++counter;
  own().note(event);
}

}  // namespace reveille::simulators::device

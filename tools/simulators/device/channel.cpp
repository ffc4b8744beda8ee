#include "tools/simulators/device/channel.h"

#include <fmt/format.h>

#include <utility>

#include "dispatcher/runtime/random_source.h"
#include "tools/simulators/device/pause.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

PushAddress new_address() {
  SystemRandomSource random;
  return {.token = random.bytes(32), .magic = random.uuid()};
}

}  // namespace

Channel::Channel(const FleetServices& services, DeviceState& state, Speaker speaker, Dice dice)
    : services_(services),
      state_(state),
      speaker_(std::move(speaker)),
      dice_(dice),
      line_(services, speaker_, state.enrolment),
      address_(new_address()) {}

void Channel::begin_anew(std::string device) {
  forget();
  speaker_.device = std::move(device);
  address_ = new_address();
}

void Channel::forget() {
  expectations_.begin_life();
  auth_token_.reset();
  has_begun_ = false;
  line_.hang_up();
}

std::vector<Errand> Channel::roll_errands() {
  return errands_of(speaker_, services_.options.scenario.errands, dice_);
}

asio::awaitable<Result<bool>> Channel::begin() {
  if (speaker_.user && speaker_.user->is_network) {
    const bool is_managed = co_await log_in();
    if (!is_managed) co_return false;
  }
  setup_.begin(speaker_, services_.options.scenario.setup, dice_);
  // Before the message: the server may push as soon as it has read it.
  services_.push_tokens.add(*this, address_);
  Bytes body = token_update_of(address_);
  Result<http::Response> response = co_await line_.send(Line::Where::check_in, std::move(body));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) {
    co_return failure(
        ErrorCode::unavailable,
        fmt::format("TokenUpdate: HTTP {}: {}", response->status, response->body.substr(0, 200)));
  }
  expect_empty(*response);
  line_.hang_up();
  has_begun_ = true;
  if (speaker_.is_user_channel()) ++services_.report.user_channels;
  if (setup_.is_awaiting()) ++services_.report.awaiting;
  note("enrolled");
  co_return true;
}

Bytes Channel::token_update_of(const PushAddress& address) const {
  const AwaitingConfiguration awaiting =
      setup_.is_awaiting() ? AwaitingConfiguration::yes : AwaitingConfiguration::no;
  return token_update_body(speaker_, state_.enrolment.topic, address, auth_token_, awaiting);
}

asio::awaitable<void> Channel::update_token() {
  const PushAddress fresh = new_address();
  services_.push_tokens.add(*this, fresh);
  Bytes body = token_update_of(fresh);
  const Result<http::Response> response = co_await check_in(std::move(body));
  if (!response) {
    services_.push_tokens.remove(fresh.token);
    co_return;
  }
  expect_empty(*response);
  services_.push_tokens.remove(address_.token);
  address_ = fresh;
}

asio::awaitable<Channel::After> Channel::connect() {
  ++services_.report.exchanges;
  const bool is_mac_user = speaker_.is_user_channel() && traits_of(speaker_.kind).is_mac;
  const bool waits = dice_.hits(services_.options.scenario.errands.waiting_login_rate);
  occasion_ = setup_.begin_exchange(waits && is_mac_user);
  Result<http::Response> response = co_await say_idle();
  bool is_sound = true;
  while (response && !response->body.empty()) {
    const std::optional<mdm::Command> command = take_command(std::move(response->body));
    is_sound = command.has_value();
    if (!is_sound) break;
    const Answer answer = choose_answer(*command);
    if (services_.options.answer_delay.count() > 0) co_await pause(services_.options.answer_delay);
    response = co_await give(*command, answer);
    if (state_.life != Life::enrolled) break;
  }
  if (response && is_sound && state_.life == Life::enrolled) on_empty_body();
  line_.hang_up();
  if (!response && response.error().code == ErrorCode::unauthorised) state_.life = Life::left;
  if (!response || state_.life != Life::enrolled) co_return After::gone;
  const bool comes_back = last_status_ == mdm::Status::not_now || setup_.logs_in_next();
  co_return comes_back ? After::polls_again : After::asleep;
}

std::optional<mdm::Command> Channel::take_command(Bytes body) {
  Result<mdm::Command> command = mdm::parse_command(std::move(body));
  if (!command) {
    broke(Rule::command_readable, command.error().detail);
    return std::nullopt;
  }
  ++services_.report.commands_handed_out;
  note("handed_out", command->uuid.text);
  if (const auto rule = expectations_.on_handed_out(*command)) {
    broke(*rule, command->uuid.text);
    return std::nullopt;
  }
  return *std::move(command);
}

Answer Channel::choose_answer(const mdm::Command& command) {
  Answer answer = answer_to(command, speaker_, services_.options.scenario.answers, dice_);
  if (setup_.puts_off(command)) {
    answer = {.status = mdm::Status::not_now, .is_repeated = answer.is_repeated};
  }
  return answer;
}

void Channel::on_empty_body() {
  Report& report = services_.report;
  if (occasion_ == Occasion::login) {
    ++report.waiting_logins;
    if (const auto rule = expectations_.on_end_of_login()) broke(*rule, "the empty body");
  }
  if (occasion_ == Occasion::user_setup) ++report.user_setups;
  setup_.on_empty_body();
}

// What the server has answered with its 2xx.
void Channel::on_accepted(const mdm::Command& command, mdm::Status status) {
  expectations_.on_answer_accepted(command.uuid, status);
  count(command, status);
  if (status != mdm::Status::acknowledged) return;
  const bool was_awaiting = setup_.is_awaiting();
  setup_.on_acknowledged(command);
  if (was_awaiting && !setup_.is_awaiting()) ++services_.report.configured;
}

Channel::Reply Channel::give(const mdm::Command& command, const Answer& answer) {
  const Scenario::Answers& rates = services_.options.scenario.answers;
  if (answer.is_forgotten) {
    ++services_.report.forgotten_answers;
    line_.hang_up();
    co_return co_await say_idle();
  }
  if (answer.is_late) {
    ++services_.report.late_answers;
    line_.hang_up();
    co_await pause(std::chrono::milliseconds(rates.late_milliseconds));
  }
  std::size_t padding_bytes = 0;
  if (answer.is_large) {
    ++services_.report.large_results;
    padding_bytes = static_cast<std::size_t>(rates.large_kibibytes) * 1024;
  }
  const bool erases =
      command.request_type == "EraseDevice" && answer.status == mdm::Status::acknowledged;
  if (erases) state_.is_leaving = true;
  const Bytes body =
      report_body(speaker_, answer.status, command, padding_bytes, auth_token_, occasion_);
  Result<http::Response> response = co_await say(answer.status, body);
  if (!response) co_return response;
  on_accepted(command, answer.status);
  if (erases) {
    state_.life = Life::erased;
    co_return response;
  }
  if (answer.is_repeated) {
    ++services_.report.repeated_answers;
    response = co_await say(answer.status, body);
    if (!response) co_return response;
  }
  http::Response last = *std::move(response);
  co_return co_await follow(command, answer, std::move(last));
}

Channel::Reply Channel::follow(const mdm::Command& command, const Answer& answer,
                               http::Response response) {
  Result<http::Response> last(std::move(response));
  if (answer.unknown_follows) {
    ++services_.report.unknown_answers;
    SystemRandomSource random;
    const mdm::Command unknown{.uuid = {random.uuid()}, .request_type = "SecurityInfo", .body = {}};
    Bytes body =
        report_body(speaker_, mdm::Status::acknowledged, unknown, 0, auth_token_, occasion_);
    last = co_await say(mdm::Status::acknowledged, std::move(body));
    if (!last) co_return last;
  }
  if (answer.not_now_follows) {
    ++services_.report.late_not_nows;
    Bytes body = report_body(speaker_, mdm::Status::not_now, command, 0, auth_token_, occasion_);
    last = co_await say(mdm::Status::not_now, std::move(body));
  }
  co_return last;
}

void Channel::count(const mdm::Command& command, mdm::Status status) {
  Report& report = services_.report;
  if (pushed_at_) report.wake_to_answer.add(since(*pushed_at_));
  pushed_at_.reset();
  switch (status) {
    case mdm::Status::not_now:
      ++report.not_now;
      note("not_now", command.uuid.text);
      break;
    case mdm::Status::acknowledged:
      ++report.acknowledged;
      note("acknowledged", command.uuid.text);
      break;
    default:
      ++report.errors;
      note("failed", command.uuid.text);
      break;
  }
}

bool Channel::is_over() const {
  if (state_.life != Life::enrolled) return true;
  // The device itself repeats what it says until it is heard.
  return state_.is_leaving && speaker_.is_user_channel();
}

// A new round; also of a device that restarts in the middle of one.
Channel::Reply Channel::say_idle() {
  expectations_.begin_exchange();
  co_return co_await say(mdm::Status::idle, idle_body(speaker_, auth_token_, occasion_));
}

Channel::Reply Channel::say(mdm::Status status, Bytes body) {
  last_status_ = status;
  Line::IsOver over = [this] { return is_over(); };
  co_return co_await line_.send_until_accepted(Line::Where::server, std::move(body),
                                               Rule::report_accepted, std::move(over));
}

Channel::Reply Channel::check_in(Bytes body) {
  Line::IsOver over = [this] { return is_over(); };
  co_return co_await line_.send_until_accepted(Line::Where::check_in, std::move(body),
                                               Rule::check_in_accepted, std::move(over));
}

Channel::Reply Channel::ask(Bytes body) {
  // Also before the enrolment has begun, when there is nothing yet that could be over.
  Line::IsOver over = [this] { return state_.life != Life::unenrolled && is_over(); };
  co_return co_await line_.send_until_answered(Line::Where::check_in, std::move(body),
                                               std::move(over));
}

void Channel::expect_empty(const http::Response& response) {
  if (!response.body.empty()) broke(Rule::empty_answer, response.body.substr(0, 100));
}

void Channel::note(std::string_view event, std::string_view command) {
  if (services_.history == nullptr) return;
  services_.history->write(speaker_.enrolment(), event, command);
}

void Channel::broke(Rule rule, std::string_view detail) {
  services_.report.broke(rule, fmt::format("{}: {}", speaker_.enrolment(), detail));
}

}  // namespace reveille::simulators::device

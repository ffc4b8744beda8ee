#include <fmt/format.h>

#include <utility>

#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/http_digest.h"
#include "protocol/plist/parse.h"
#include "tools/simulators/device/channel.h"
#include "tools/simulators/device/declaration_answer.h"
#include "tools/simulators/device/return_to_service_answer.h"

// What a channel asks beside its commands: protocol.md section 3.
namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

std::optional<Bytes> data_in(const http::Response& response, std::string_view key) {
  const auto answer = plist::parse_dictionary(response.body);
  const plist::Value* value = answer ? answer->find(key) : nullptr;
  const auto* data = value == nullptr ? nullptr : value->get_if<plist::Data>();
  if (data == nullptr) return std::nullopt;
  return data->bytes;
}

std::optional<std::string> text_in(const http::Response& response, std::string_view key) {
  const auto answer = plist::parse_dictionary(response.body);
  const plist::Value* value = answer ? answer->find(key) : nullptr;
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  if (text == nullptr) return std::nullopt;
  return *text;
}

// Of `Digest nonce="...",realm="..."`; empty when it is not there.
std::string parameter_of(std::string_view challenge, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  const std::size_t at = challenge.find(start);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = challenge.substr(at + start.size());
  return std::string(rest.substr(0, rest.find('"')));
}

Result<std::string> respond(const std::string& challenge, const std::string& user_name,
                            const std::string& password) {
  pki::DigestCredentials credentials{.user_name = user_name,
                                     .realm = parameter_of(challenge, "realm"),
                                     .nonce = parameter_of(challenge, "nonce"),
                                     .uri = "/",
                                     .response = {},
                                     .quality_of_protection = {},
                                     .nonce_count = {},
                                     .client_nonce = {}};
  const auto secret = pki::digest_secret(user_name, credentials.realm, password);
  if (!secret) return std::unexpected(secret.error());
  const auto response = pki::digest_response(credentials, *secret, "PUT");
  if (!response) return std::unexpected(response.error());
  return fmt::format(R"(Digest username="{}",realm="{}",nonce="{}",uri="/",response="{}")",
                     user_name, credentials.realm, credentials.nonce, *response);
}

// header.payload.signature
bool looks_like_json_web_token(const Bytes& token) {
  const std::size_t first = token.find('.');
  if (first == 0 || first == Bytes::npos) return false;
  const std::size_t second = token.find('.', first + 1);
  return second != Bytes::npos && second > first + 1 && second + 1 < token.size() &&
         token.find('.', second + 1) == Bytes::npos;
}

}  // namespace

asio::awaitable<bool> Channel::log_in() {
  auth_token_.reset();
  const std::string policy = services_.options.scenario.server.users_policy;
  const Scenario::Users& users = services_.options.scenario.users;
  for (bool mistypes = dice_.hits(users.wrong_password_rate);; mistypes = false) {
    const Result<http::Response> response = co_await ask(user_authenticate_body(speaker_, {}));
    if (!response) co_return false;
    if (response->status == 410) {
      if (policy != "refuse") broke(Rule::user_policy, "410, although users are managed");
      ++services_.report.users_not_managed;
      co_return false;
    }
    if (is_over() && state_.life != Life::unenrolled) co_return false;
    const auto challenge = text_in(*response, "DigestChallenge");
    const bool is_as_told = response->status == 200 && challenge && policy != "refuse" &&
                            challenge->empty() == (policy == "accept");
    if (!is_as_told) {
      broke(Rule::user_policy, fmt::format("HTTP {} to the first message", response->status));
      co_return false;
    }
    if (policy == "accept") break;
    std::string challenged = *challenge;
    std::string password = mistypes ? "mistyped" : users.password;
    const bool proved = co_await prove_password(std::move(challenged), std::move(password));
    if (proved == mistypes) {
      if (state_.life != Life::unenrolled && is_over()) co_return false;
      broke(Rule::user_policy, proved ? "a wrong password was taken" : "the password was refused");
      co_return false;
    }
    if (proved) break;
  }
  ++services_.report.logins;
  co_return true;
}

asio::awaitable<bool> Channel::prove_password(std::string challenge, std::string password) {
  const auto digest = respond(challenge, speaker_.user->short_name, password);
  if (!digest) co_return false;
  const Result<http::Response> response = co_await ask(user_authenticate_body(speaker_, *digest));
  if (!response || response->status != 200) co_return false;
  const auto token = text_in(*response, "AuthToken");
  if (!token || token->empty()) co_return false;
  auth_token_ = *token;
  co_return true;
}

asio::awaitable<void> Channel::escrow_bootstrap_token() {
  SystemRandomSource random;
  const Bytes token = random.bytes(64);
  const Result<http::Response> set = co_await check_in(set_bootstrap_token_body(speaker_, token));
  if (!set) co_return;
  expect_empty(*set);
  const Result<http::Response> get = co_await check_in(get_bootstrap_token_body(speaker_));
  if (!get) co_return;
  ++services_.report.bootstrap_tokens;
  if (data_in(*get, "BootstrapToken") != token) {
    broke(Rule::bootstrap_token_kept, "GetBootstrapToken brought another");
  }
}

asio::awaitable<void> Channel::get_tokens() {
  const Scenario::Server& server = services_.options.scenario.server;
  const bool is_phone = speaker_.kind == Kind::phones;
  const std::pair<std::string, bool> services[] = {
      {"com.apple.maid", server.maid},
      {"com.apple.watch.pairing", server.watch_pairing && is_phone},
      {"com.example.unknown", false}};
  for (const auto& [service, is_served] : services) {
    // What a token vouches for is a phone: nobody else asks.
    if (service == "com.apple.watch.pairing" && !is_phone) continue;
    const Result<http::Response> response =
        co_await ask(get_token_body(speaker_, service, auth_token_));
    if (!response) co_return;
    if (response->status != 200 && is_over()) co_return;
    ++services_.report.tokens;
    const auto token = data_in(*response, "TokenData");
    bool is_right = response->status == (is_served ? 200 : 400);
    if (is_served) is_right = is_right && token && !token->empty();
    if (is_served && service == "com.apple.maid") {
      is_right = is_right && looks_like_json_web_token(*token);
    }
    if (!is_right) {
      broke(Rule::token_service, fmt::format("{}: HTTP {}", service, response->status));
    }
  }
}

asio::awaitable<bool> Channel::ask_return_to_service() {
  const bool is_served = services_.options.scenario.server.return_to_service;
  const Result<http::Response> response = co_await ask(return_to_service_body(speaker_));
  if (!response || (response->status != 200 && is_over())) co_return false;
  ++services_.report.return_to_service;
  const std::string fault = fault_of_return_to_service_answer(*response, is_served);
  if (!fault.empty()) broke(Rule::return_to_service, fault);
  co_return is_served&& fault.empty();
}

asio::awaitable<void> Channel::synchronise_declarations() {
  const bool is_served = services_.options.scenario.server.declarations;
  const std::string endpoints[] = {"tokens", "declaration-items",
                                   "declaration/configuration/com.example.none", "status"};
  for (const std::string& endpoint : endpoints) {
    std::optional<Bytes> data;
    if (endpoint == "status") data = R"({"StatusItems":{},"Errors":[]})";
    const Result<http::Response> response =
        co_await ask(declarations_body(speaker_, endpoint, data, auth_token_));
    if (!response) co_return;
    if (response->status != 200 && is_over()) co_return;
    ++services_.report.declarations;
    const std::string fault = fault_of_declaration_answer(endpoint, *response, is_served);
    if (!fault.empty()) broke(Rule::declaration_answer, endpoint + ": " + fault);
  }
}

}  // namespace reveille::simulators::device

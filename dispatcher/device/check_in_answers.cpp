#include "dispatcher/device/check_in_answers.h"

#include <utility>
#include <variant>

#include "dispatcher/enrolment/text_response.h"
#include "protocol/mdm/check_in_answer.h"

namespace reveille::device {
namespace {

http::Response body_of_type(const char* content_type, Bytes body) {
  http::Response response;
  response.headers.push_back({"content-type", content_type});
  response.body = std::move(body);
  return response;
}

http::Response property_list(Bytes body) {
  return body_of_type("application/xml", std::move(body));
}

http::Response refuse_plainly(Parts& parts, Refusal refusal, const Sender& sender) {
  const Refused refused{.refusal = refusal, .detail = {}};
  return refuse(parts, refused, sender);
}

http::Response answer_get_token(Parts& parts, const mdm::GetToken& message, const Sender& sender) {
  const auto token =
      parts.services.tokens.token(message, parts.random, parts.clock.wall_now());
  if (!token) return refuse(parts, token.error(), sender);
  if (!*token) return refuse_plainly(parts, Refusal::unknown_token_service, sender);
  return property_list(mdm::write_token_data(**token));
}

http::Response answer_return_to_service(Parts& parts, const CheckedIn& done,
                                        const Sender& sender) {
  const auto& configured = parts.services.return_to_service;
  if (!configured) return refuse_plainly(parts, Refusal::return_to_service_off, sender);
  mdm::ReturnToServiceAnswer answer = *configured;
  answer.bootstrap_token = done.bootstrap_token;
  return property_list(mdm::write_return_to_service(answer));
}

boost::asio::awaitable<http::Response> answer_declarations(
    Parts& parts, const mdm::DeclarativeManagement& message, const Sender& sender) {
  if (parts.declarations == nullptr) co_return refuse_plainly(parts, Refusal::not_served, sender);
  Result<DeclarationAnswer> answer = co_await parts.declarations->ask(message);
  if (!answer) co_return refuse(parts, answer.error(), sender);
  // No refusal: it is what the device wants to know.
  if (!answer->found) co_return text_response(404, "there is no such declaration");
  if (answer->json.empty()) co_return http::Response();
  co_return body_of_type("application/json", std::move(answer->json));
}

}  // namespace

boost::asio::awaitable<http::Response> answer_check_in(Parts& parts, const mdm::CheckIn& message,
                                                       const CheckedIn& done,
                                                       const Sender& sender) {
  if (std::holds_alternative<mdm::GetBootstrapToken>(message)) {
    co_return property_list(mdm::write_bootstrap_token(done.bootstrap_token.value_or(Bytes())));
  }
  if (const auto* get_token = std::get_if<mdm::GetToken>(&message)) {
    co_return answer_get_token(parts, *get_token, sender);
  }
  if (std::holds_alternative<mdm::ReturnToService>(message)) {
    co_return answer_return_to_service(parts, done, sender);
  }
  if (const auto* management = std::get_if<mdm::DeclarativeManagement>(&message)) {
    co_return co_await answer_declarations(parts, *management, sender);
  }
  co_return http::Response();
}

}  // namespace reveille::device

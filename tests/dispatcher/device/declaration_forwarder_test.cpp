#include "dispatcher/device/declaration_forwarder.h"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "protocol/base/base64.h"
#include "protocol/pki/authentication_code.h"
#include "tests/dispatcher/http/listener_fixture.h"

// nanomdm-api.md section 9: declarative management forwarded to another server.
namespace reveille::device {
namespace {

namespace asio = boost::asio;
using http::Request;
using http::Response;
using testing::Contains;
using testing::HasSubstr;

// The other server and the forwarder, on one lane.
class DeclarationForwarderTest : public http::ListenerTest {
 protected:
  void serve(int status, Bytes body, std::vector<http::Header> headers = {}) {
    handler_.answer = [=](Request) -> asio::awaitable<Response> {
      co_return Response{.status = status, .headers = headers, .body = body};
    };
  }
  void forward_to_listener(const std::string& scheme = "http") {
    options_.url = parse_declaration_url(scheme + "://localhost:" +
                                         std::to_string(listener_->port()) + "/ddm/")
                       .value();
    forwarder_ = std::make_unique<DeclarationForwarder>(options_);
  }

  Result<DeclarationAnswer> ask(mdm::DeclarativeManagement message) {
    std::optional<Result<DeclarationAnswer>> answer;
    run([&]() -> asio::awaitable<void> {
      answer.emplace(co_await forwarder_->ask(message));
    });
    return *std::move(answer);
  }
  static mdm::DeclarativeManagement from_device(const std::string& endpoint) {
    mdm::DeclarativeManagement message;
    message.identity.device = message.identity.enrolment = mdm::EnrolmentId("MAC");
    message.endpoint = endpoint;
    return message;
  }

  DeclarationForwarderOptions options_;
  std::unique_ptr<DeclarationForwarder> forwarder_;
};

TEST_F(DeclarationForwarderTest, WithoutDataItIsAGetOfTheEndpointWithTheEnrolment) {
  open();
  serve(200, R"({"SyncTokens":{}})");
  forward_to_listener();

  const auto answer = ask(from_device("tokens"));

  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_TRUE(answer->found);
  EXPECT_EQ(answer->json, R"({"SyncTokens":{}})");
  const Request& asked = handler_.requests.at(0);
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.target, "/ddm/tokens");
  EXPECT_EQ(asked.authority, options_.url.authority);
  EXPECT_EQ(asked.header("x-enrollment-id"), "MAC");
  EXPECT_EQ(asked.header("x-enrollment-type"), "Device");
  EXPECT_EQ(asked.header("x-enrollment-parentid"), std::nullopt);
  EXPECT_EQ(asked.header("content-type"), std::nullopt);
  EXPECT_EQ(asked.header("x-hmac-signature"), std::nullopt);
}

TEST_F(DeclarationForwarderTest, WithDataItIsAPutOfTheReportAndTheDeviceGetsAnEmptyAnswer) {
  open();
  serve(200, "ignored");
  forward_to_listener();
  mdm::DeclarativeManagement report = from_device("status");
  report.data = R"({"StatusItems":{}})";

  const auto answer = ask(report);

  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->json, "");
  const Request& asked = handler_.requests.at(0);
  EXPECT_EQ(asked.method, "PUT");
  EXPECT_EQ(asked.target, "/ddm/status");
  EXPECT_EQ(asked.header("content-type"), "application/json");
  EXPECT_EQ(asked.body, R"({"StatusItems":{}})");
}

TEST_F(DeclarationForwarderTest, AUserChannelNamesItsDeviceToo) {
  open();
  serve(200, "{}");
  forward_to_listener();
  mdm::DeclarativeManagement message = from_device("declaration-items");
  message.identity.kind = mdm::IdentityKind::user;
  message.identity.enrolment = mdm::EnrolmentId("MAC:USER");

  ASSERT_TRUE(ask(message));

  const Request& asked = handler_.requests.at(0);
  EXPECT_EQ(asked.header("x-enrollment-id"), "MAC:USER");
  EXPECT_EQ(asked.header("x-enrollment-type"), "User");
  EXPECT_EQ(asked.header("x-enrollment-parentid"), "MAC");
}

TEST_F(DeclarationForwarderTest, A404ForADeclarationReachesTheDevice) {
  open();
  serve(404, "gone");
  forward_to_listener();
  const auto answer = ask(from_device("declaration/configuration/com.example/a b"));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->found);
  EXPECT_EQ(handler_.requests.at(0).target, "/ddm/declaration/configuration/com.example/a%20b");
}

TEST_F(DeclarationForwarderTest, AllElseIsUnavailableSoThatTheDeviceAsksAgain) {
  open();
  forward_to_listener();
  serve(404, "a wrong URL in the configuration");
  for (const char* endpoint : {"tokens", "declaration-items", "status"}) {
    EXPECT_EQ(ask(from_device(endpoint)).error().code, ErrorCode::unavailable) << endpoint;
  }
  for (const int status : {204, 302, 400, 401, 403, 410, 500, 503}) {
    serve(status, "");
    const auto answer = ask(from_device("declaration/asset/a"));
    ASSERT_FALSE(answer) << status;
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_THAT(answer.error().detail, HasSubstr(std::to_string(status)));
  }
}

TEST_F(DeclarationForwarderTest, AnEndpointThatIsNoneGoesNowhere) {
  open();
  forward_to_listener();
  EXPECT_EQ(ask(from_device("declaration/asset/../../admin")).error().code, ErrorCode::malformed);
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(DeclarationForwarderTest, OneConnectionServesOneRequestAfterTheOther) {
  open();
  serve(200, "{}");
  forward_to_listener();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask(from_device("tokens")));
  EXPECT_EQ(listener_->statistics().accepted, 1u);
}

TEST_F(DeclarationForwarderTest, AKeptConnectionThatTheServerClosedIsReplaced) {
  http::ListenerOptions impatient;
  impatient.idle_timeout = std::chrono::milliseconds(20);
  open(impatient);
  serve(200, "{}");
  forward_to_listener();
  ASSERT_TRUE(ask(from_device("tokens")));
  run_until([&] { return listener_->statistics().connections == 0; });
  EXPECT_TRUE(ask(from_device("tokens")));
  EXPECT_EQ(listener_->statistics().accepted, 2u);
}

TEST_F(DeclarationForwarderTest, AServerThatDoesNotAnswerIsGivenUpInTime) {
  open();
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::seconds(5));
    co_await never.async_wait(asio::use_awaitable);
    co_return Response();
  };
  options_.timeout = std::chrono::milliseconds(50);
  forward_to_listener();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(from_device("tokens")).error().code, ErrorCode::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
}

TEST_F(DeclarationForwarderTest, AServerThatIsNotThereIsUnavailable) {
  open();
  forward_to_listener();
  listener_.reset();
  EXPECT_EQ(ask(from_device("tokens")).error().code, ErrorCode::unavailable);
}

TEST_F(DeclarationForwarderTest, AboveTheLimitInFlightItIsOverloadedAtOnce) {
  open();
  serve(200, "{}");
  options_.in_flight_max = 0;
  forward_to_listener();
  EXPECT_EQ(ask(from_device("tokens")).error().code, ErrorCode::overloaded);
}

// Whatever its status: by its length alone, before it takes memory.
TEST_F(DeclarationForwarderTest, AnAnswerThatIsTooLargeIsNotRead) {
  open();
  options_.answer_bytes_max = 1'000;
  forward_to_listener();
  for (const int status : {200, 404, 500}) {
    serve(status, Bytes(1'001, 'x'));
    const auto answer = ask(from_device("declaration/activation/a"));
    ASSERT_FALSE(answer) << status;
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_THAT(answer.error().detail, HasSubstr("too large"));
  }
  serve(200, Bytes(1'000, 'x'));
  EXPECT_EQ(ask(from_device("tokens")).value().json.size(), 1'000u);
}

TEST_F(DeclarationForwarderTest, RequestsAreSignedWhenThereIsAKey) {
  open();
  serve(200, "{}");
  options_.send_key = "send";
  forward_to_listener();
  mdm::DeclarativeManagement report = from_device("status");
  report.data = "report";
  ASSERT_TRUE(ask(report));
  ASSERT_TRUE(ask(from_device("tokens")));
  EXPECT_EQ(handler_.requests.at(0).header("x-hmac-signature"),
            to_base64(pki::authentication_code("send", "report")));
  EXPECT_EQ(handler_.requests.at(1).header("x-hmac-signature"),
            to_base64(pki::authentication_code("send", "")));
}

TEST_F(DeclarationForwarderTest, AnswersMustBeSignedWhenThereIsAKeyAlsoA404) {
  open();
  options_.receive_key = "receive";
  forward_to_listener();
  const auto signature = to_base64(pki::authentication_code("receive", "{}"));
  serve(200, "{}", {{"x-hmac-signature", signature}});
  EXPECT_TRUE(ask(from_device("tokens")));
  serve(200, "{ }", {{"x-hmac-signature", signature}});
  EXPECT_FALSE(ask(from_device("tokens")));
  serve(200, "{}");
  EXPECT_FALSE(ask(from_device("tokens")));
  serve(404, "");
  EXPECT_FALSE(ask(from_device("declaration/asset/a"))) << "a forger cannot take declarations away";
}

TEST_F(DeclarationForwarderTest, HttpsIsVerifiedByTheAnchors) {
  http::ListenerOptions tls;
  tls.tls = server_context({"http/1.1"});
  open(tls);
  serve(200, "{}");
  options_.tls = client_context({"http/1.1"});
  forward_to_listener("https");
  const auto answer = ask(from_device("tokens"));
  ASSERT_TRUE(answer) << answer.error().detail;

  http::TlsContext::ClientOptions strangers;
  strangers.anchors = {http::make_authority("a stranger").certificate};
  options_.tls = http::TlsContext::for_client(strangers).value();
  forward_to_listener("https");
  EXPECT_EQ(ask(from_device("tokens")).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace reveille::device

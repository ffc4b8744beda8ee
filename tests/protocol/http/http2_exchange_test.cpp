// Our client and our server, joined in memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/protocol/http/frames.h"
#include "tests/protocol/http/sessions.h"

namespace reveille::http::test {
namespace {

const std::string token_path = "/3/device/" + std::string(64, 'a');
const std::string wake = R"({"mdm":"00000000-1111-2222-3333-444455556666"})";

Response response_with(int status, Bytes body) {
  return Response{.status = status, .headers = {{"apns-id", "id-1"}}, .body = std::move(body)};
}

TEST(Http2ExchangeTest, ARequestArrivesWholeAndItsResponseComesBackUnderItsTag) {
  Client client;
  Server server;
  server.answers_everything_with(response_with(400, R"({"reason":"BadDeviceToken"})"));

  client.post(77, token_path, wake);
  exchange(client, server);

  ASSERT_EQ(server.requests.size(), 1u);
  const Request& request = server.requests[0].second;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, token_path);
  EXPECT_EQ(request.authority, "api.push.example");
  EXPECT_EQ(request.header("apns-push-type"), "mdm");
  EXPECT_EQ(request.header(":method"), std::nullopt);
  EXPECT_EQ(request.body, wake);
  EXPECT_EQ(client.log, "response 77\n");
  EXPECT_EQ(client.responses[77].status, 400);
  EXPECT_EQ(client.responses[77].header("apns-id"), "id-1");
  EXPECT_EQ(client.responses[77].body, R"({"reason":"BadDeviceToken"})");
  EXPECT_EQ(server.closed, (std::vector<std::pair<std::int32_t, bool>>{{1, false}}));
  EXPECT_EQ(client.session.open_streams(), 0u);
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Http2ExchangeTest, ManyRequestsReuseTheirSlotsAndEachGetsItsOwnAnswer) {
  Client client;
  Server server;
  server.answer = [&](auto stream, const Request& request) {
    server.session.respond(stream, response_with(200, request.body));
  };

  for (Client::Tag tag = 0; tag < 5000; ++tag) {
    if (client.session.capacity() == 0) exchange(client, server);
    client.post(tag, token_path, std::to_string(tag));
  }
  exchange(client, server);

  ASSERT_EQ(client.responses.size(), 5000u);
  for (const auto& [tag, response] : client.responses)
    EXPECT_EQ(response.body, std::to_string(tag));
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Http2ExchangeTest, AResponseEventMaySubmitTheNextRequestAtALimitOfOne) {
  Client client;
  Server server({.concurrent_streams_max = 1});
  server.answers_everything_with(response_with(200, ""));
  exchange(client, server);
  Client::Tag next = 1;
  client.after_response = [&] {
    if (next <= 20 && client.session.capacity() > 0) client.post(next++, token_path, wake);
  };

  client.post(0, token_path, wake);
  exchange(client, server);

  EXPECT_EQ(client.responses.size(), 21u);
}

TEST(Http2ExchangeTest, ALargeBodyPassesThroughASmallWindowBothWays) {
  Client client;
  Server server({.initial_window_bytes = 10});
  const Bytes large(200'000, 'x');
  server.answer = [&](auto stream, const Request& request) {
    server.session.respond(stream, response_with(200, request.body));
  };
  exchange(client, server);

  client.post(1, token_path, large);
  exchange(client, server);

  ASSERT_EQ(server.requests.size(), 1u);
  EXPECT_EQ(server.requests[0].second.body, large);
  EXPECT_EQ(client.responses[1].body, large);
}

TEST(Http2ExchangeTest, ARequestOfAWakeIsSmallOnceItsHeadersAreIndexed) {
  Client client;
  Server server;
  server.answers_everything_with(response_with(200, ""));
  client.post(1, token_path, wake);
  exchange(client, server);

  client.post(2, "/3/device/" + std::string(64, 'b'), wake);
  const auto headers = frames_of(client.produced(), headers_frame);

  ASSERT_EQ(headers.size(), 1u);
  EXPECT_LT(headers[0].payload.size(), 140u);
}

TEST(Http2ExchangeTest, TheServerMayAnswerLaterAndInAnotherOrder) {
  Client client;
  Server server;
  for (Client::Tag tag = 1; tag <= 3; ++tag) client.post(tag, token_path, wake);
  exchange(client, server);
  ASSERT_EQ(server.requests.size(), 3u);

  for (const std::int32_t stream : {5, 1, 3}) {
    server.session.respond(stream, response_with(200, std::to_string(stream)));
    exchange(client, server);
  }

  EXPECT_EQ(client.log, "response 3\nresponse 1\nresponse 2\n");
  EXPECT_EQ(client.responses[2].body, "3");
}

TEST(Http2ExchangeTest, TheResponseToHeadHasNoBodyAndOthersHaveTheirLength) {
  Client client;
  Server server;
  server.answer = [&](auto stream, const Request& request) {
    const int status = request.target == "/nothing" ? 204 : 200;
    server.session.respond(stream, {.status = status,
                                    .headers = {{"Connection", "close"}, {"X-Kind", "k"}},
                                    .body = status == 204 ? "" : "five!"});
  };
  const auto send = [&](Client::Tag tag, std::string_view method, std::string_view path) {
    const RequestHeader headers[] = {
        {":method", method}, {":scheme", "https"}, {":authority", "h"}, {":path", path}};
    client.session.submit(tag, headers, {});
    exchange(client, server);
  };

  send(1, "HEAD", "/");
  send(2, "GET", "/");
  send(3, "GET", "/nothing");

  EXPECT_EQ(client.responses[1].body, "");
  EXPECT_EQ(client.responses[1].header("content-length"), std::nullopt);
  EXPECT_EQ(client.responses[2].body, "five!");
  EXPECT_EQ(client.responses[2].header("content-length"), "5");
  EXPECT_EQ(client.responses[2].header("x-kind"), "k");
  EXPECT_EQ(client.responses[2].header("connection"), std::nullopt);
  EXPECT_EQ(client.responses[3].status, 204);
  EXPECT_EQ(client.responses[3].header("content-length"), std::nullopt);
}

TEST(Http2ExchangeTest, ABodyAboveTheLimitIsAnsweredWith413AndTheConnectionGoesOn) {
  Client client;
  Server server({.body_bytes_max = 1000});
  server.answers_everything_with(response_with(200, "ok"));

  client.post(1, token_path, Bytes(1'000'000, 'x'));
  exchange(client, server);
  client.post(2, token_path, Bytes(1000, 'x'));
  exchange(client, server);

  EXPECT_EQ(client.responses[1].status, 413);
  EXPECT_EQ(client.responses[2].status, 200);
  EXPECT_EQ(server.requests.size(), 1u);
  EXPECT_EQ(server.session.open_streams(), 0u);
  EXPECT_EQ(client.session.open_streams(), 0u);
}

TEST(Http2ExchangeTest, AResponseAboveTheClientsLimitFailsAsReset) {
  Client client({.response_bytes_max = 1000});
  Server server;
  server.answers_everything_with(response_with(200, Bytes(100'000, 'x')));

  client.post(1, token_path, wake);
  exchange(client, server);

  EXPECT_EQ(client.log, "reset 1\n");
  EXPECT_EQ(client.session.open_streams(), 0u);
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Http2ExchangeTest, ACancelledRequestGivesNoEventAndFreesItsStreamAtBothEnds) {
  Client client;
  Server server;
  client.post(1, token_path, wake);
  client.post(2, token_path, wake);
  exchange(client, server);

  client.session.cancel(1);
  client.session.cancel(1);
  client.session.cancel(999);
  EXPECT_EQ(client.session.open_streams(), 1u);
  exchange(client, server);
  server.session.respond(1, response_with(200, "too late"));
  server.session.respond(3, response_with(200, ""));
  exchange(client, server);

  EXPECT_EQ(client.log, "response 2\n");
  EXPECT_EQ(server.closed, (std::vector<std::pair<std::int32_t, bool>>{{1, true}, {3, false}}));
}

TEST(Http2ExchangeTest, ACancelledTagMayBeUsedAgainAtOnce) {
  Client client;
  Server server;
  server.answers_everything_with(response_with(200, ""));

  client.post(1, token_path, wake);
  client.session.cancel(1);
  client.post(1, token_path, wake);
  exchange(client, server);

  EXPECT_EQ(client.log, "response 1\n");
}

TEST(Http2ExchangeTest, AStreamThatTheServerRefusesIsToldFromOneThatItResets) {
  Client client;
  Server server;
  server.answer = [&](auto stream, const Request&) {
    server.session.reset(stream, stream == 1 ? refused_stream : cancel);
  };

  client.post(1, token_path, wake);
  client.post(2, token_path, wake);
  exchange(client, server);

  EXPECT_EQ(client.log, "refused 1\nreset 2\n");
  EXPECT_EQ(server.closed, (std::vector<std::pair<std::int32_t, bool>>{{1, true}, {3, true}}));
}

TEST(Http2ExchangeTest, CapacityFollowsTheServersLimitDownAndUp) {
  Client client({.streams_before_settings = 7, .streams_max = 50});
  Server server({.concurrent_streams_max = 1000});
  EXPECT_EQ(client.session.capacity(), 7u);
  exchange(client, server);
  EXPECT_EQ(client.session.capacity(), 50u);
  client.post(1, token_path, wake);
  client.post(2, token_path, wake);

  server.session.change_concurrent_streams_max(1);
  exchange(client, server);
  EXPECT_EQ(client.session.capacity(), 0u);
  server.session.respond(1, response_with(200, ""));
  server.session.respond(3, response_with(200, ""));
  exchange(client, server);
  EXPECT_EQ(client.session.capacity(), 1u);
  server.session.change_concurrent_streams_max(20);
  exchange(client, server);

  EXPECT_EQ(client.session.capacity(), 20u);
  EXPECT_EQ(client.settings_seen, 3);
}

TEST(Http2ExchangeTest, AGoawayWithALowerIdRefusesWhatCameAfterIt) {
  Client client;
  Server server;
  for (Client::Tag tag = 1; tag <= 4; ++tag) client.post(tag, token_path, wake);
  exchange(client, server);

  server.session.respond(7, response_with(200, "queued before the GOAWAY"));
  server.session.go_away(no_error, R"({"reason":"Shutdown"})", 3);
  server.session.respond(5, response_with(200, "above the last id"));
  exchange(client, server);
  EXPECT_EQ(client.session.capacity(), 0u);
  EXPECT_FALSE(client.session.finished());
  server.session.respond(1, response_with(200, ""));
  server.session.respond(3, response_with(200, ""));
  exchange(client, server);

  EXPECT_NE(client.log.find("refused 3\n"), std::string::npos);
  EXPECT_NE(client.log.find("refused 4\n"), std::string::npos);
  EXPECT_LT(client.log.find("refused 3\n"), client.log.find("goaway"));
  EXPECT_LT(client.log.find("refused 4\n"), client.log.find("goaway"));
  EXPECT_TRUE(client.log.ends_with("goaway 0 {\"reason\":\"Shutdown\"}\nresponse 1\nresponse 2\n"))
      << client.log;
  EXPECT_TRUE(client.session.finished());
  EXPECT_TRUE(server.session.finished());
  EXPECT_EQ(server.closed.size(), 4u);
}

TEST(Http2ExchangeTest, AGoawayLetsEveryTakenStreamGoOn) {
  Client client;
  Server server;
  client.post(1, token_path, wake);
  exchange(client, server);

  server.session.go_away(no_error);
  exchange(client, server);
  EXPECT_FALSE(server.session.finished());
  server.session.respond(1, response_with(200, ""));
  exchange(client, server);

  EXPECT_EQ(client.log, "goaway 0 \nresponse 1\n");
  EXPECT_TRUE(client.session.finished());
  EXPECT_TRUE(server.session.finished());
}

TEST(Http2ExchangeTest, TheClientsOwnGoawayLetsItsOpenRequestsFinish) {
  Client client;
  Server server;
  client.post(1, token_path, wake);
  exchange(client, server);

  client.session.go_away();
  EXPECT_EQ(client.session.capacity(), 0u);
  exchange(client, server);
  server.session.respond(1, response_with(200, ""));
  exchange(client, server);

  EXPECT_EQ(client.log, "response 1\n");
  EXPECT_TRUE(client.session.finished());
  EXPECT_EQ(server.goaways, std::vector<std::uint32_t>{no_error});
  EXPECT_TRUE(server.session.finished());
}

TEST(Http2ExchangeTest, APingIsAcknowledged) {
  Client client;
  Server server;

  client.session.ping();
  exchange(client, server);

  EXPECT_EQ(client.pings_acknowledged, 1);
}

TEST(Http2ExchangeTest, AnAbandonedClientLosesEveryOpenRequestInOrder) {
  Client client;
  Server server;
  for (Client::Tag tag = 1; tag <= 3; ++tag) client.post(tag, token_path, wake);
  exchange(client, server);
  client.after_failure = [&](Client::Tag tag) {
    if (tag == 1) client.session.cancel(2);
  };

  client.session.abandon();

  EXPECT_EQ(client.log, "lost 1\nlost 3\n");
  EXPECT_EQ(client.session.capacity(), 0u);
  EXPECT_TRUE(client.session.finished());
  EXPECT_FALSE(client.session.receive(empty_settings()).has_value());
}

TEST(Http2ExchangeTest, AnAbandonedServerClosesEveryOpenStreamAsCancelled) {
  Client client;
  Server server;
  client.post(1, token_path, wake);
  client.post(2, token_path, wake);
  exchange(client, server);

  server.session.abandon();
  server.session.respond(1, response_with(200, ""));

  EXPECT_EQ(server.closed, (std::vector<std::pair<std::int32_t, bool>>{{1, true}, {3, true}}));
  EXPECT_EQ(server.session.open_streams(), 0u);
  EXPECT_TRUE(server.session.finished());
}

TEST(Http2ExchangeTest, OneProduceStopsNearItsLimitAndLosesNothing) {
  Client client;
  Server server;
  server.answers_everything_with(response_with(200, ""));
  exchange(client, server);
  for (Client::Tag tag = 0; tag < 100; ++tag) client.post(tag, token_path, wake);

  while (true) {
    std::string record;
    const std::size_t produced = client.session.produce(record, 1000);
    EXPECT_EQ(produced, record.size());
    EXPECT_LT(produced, 1400u);
    if (produced == 0) break;
    ASSERT_TRUE(server.session.receive(record).has_value());
  }
  exchange(client, server);

  EXPECT_EQ(client.responses.size(), 100u);
}

TEST(Http2ExchangeTest, BytesMayArriveOneByOne) {
  Client client;
  Server server;
  server.answers_everything_with(response_with(200, "body"));
  client.post(1, token_path, wake);

  for (const char byte : client.produced()) {
    ASSERT_TRUE(server.session.receive(BytesView(&byte, 1)).has_value());
  }
  for (const char byte : server.produced()) {
    ASSERT_TRUE(client.session.receive(BytesView(&byte, 1)).has_value());
  }

  EXPECT_EQ(client.responses[1].body, "body");
}

}  // namespace
}  // namespace reveille::http::test

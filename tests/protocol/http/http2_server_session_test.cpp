// The server against frames written by hand, most of them hostile.
#include "protocol/http/http2_server_session.h"

#include <gtest/gtest.h>

#include "tests/protocol/http/frames.h"
#include "tests/protocol/http/sessions.h"

namespace reveille::http::test {
namespace {

class Http2ServerSessionTest : public testing::Test {
 protected:
  // A server that has read the preface and an empty SETTINGS; what it said so far is dropped.
  std::unique_ptr<Server> connected(const Http2ServerLimits& limits = {}) {
    auto server = std::make_unique<Server>(limits);
    EXPECT_TRUE(server->session.receive(std::string(client_preface) + empty_settings()));
    server->produced();
    return server;
  }

  static void expect_goaway(Server& server, ErrorNumber error) {
    const auto goaways = frames_of(server.produced(), goaway_frame);
    ASSERT_FALSE(goaways.empty());
    EXPECT_EQ(number_at(goaways.back().payload, 4, 4), error);
    EXPECT_TRUE(server.session.finished());
    EXPECT_EQ(server.session.open_streams(), 0u);
    EXPECT_FALSE(server.session.receive(empty_settings()).has_value());
  }
};

TEST_F(Http2ServerSessionTest, SaysItsLimitsInItsFirstFrame) {
  Server server({.concurrent_streams_max = 9, .initial_window_bytes = 1234});

  const auto frames = frames_in(server.produced());

  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, settings_frame);
  EXPECT_NE(frames[0].payload.find(big_endian(max_concurrent_streams, 2) + big_endian(9, 4)),
            std::string::npos);
  EXPECT_NE(frames[0].payload.find(big_endian(initial_window_size, 2) + big_endian(1234, 4)),
            std::string::npos);
}

TEST_F(Http2ServerSessionTest, ABytesThatAreNotHttp2EndTheSession) {
  Server server;

  EXPECT_FALSE(server.session.receive("GET / HTTP/1.1\r\nHost: h\r\n\r\n").has_value());

  expect_goaway(server, protocol_error);
}

TEST_F(Http2ServerSessionTest, ARapidResetEndsInEnhanceYourCalm) {
  const auto server = connected({.provoked_frames_max = 50});
  std::string flood;
  for (std::int32_t stream = 1; stream < 200; stream += 2) {
    flood += get_request(stream) + rst_stream(stream, cancel);
  }

  EXPECT_FALSE(server->session.receive(flood).has_value());

  EXPECT_LE(server->requests.size(), 51u);
  EXPECT_EQ(server->closed.size(), server->requests.size());
  expect_goaway(*server, enhance_your_calm);
}

TEST_F(Http2ServerSessionTest, ResetsBetweenAnsweredRequestsAreForgiven) {
  const auto server = connected({.provoked_frames_max = 10});
  server->answer = [&](auto stream, const Request&) {
    if (stream % 4 == 1) server->session.respond(stream, {});
  };

  for (std::int32_t stream = 1; stream < 400; stream += 4) {
    const std::string bytes =
        get_request(stream) + get_request(stream + 2) + rst_stream(stream + 2, cancel);
    ASSERT_TRUE(server->session.receive(bytes).has_value()) << stream;
    server->produced();
  }

  EXPECT_FALSE(server->session.finished());
}

TEST_F(Http2ServerSessionTest, AFloodOfCheapFramesEndsInEnhanceYourCalm) {
  const std::string floods[] = {
      empty_settings(),
      frame(ping_frame, 0, 0, "12345678"),
      frame(ping_frame, acknowledgement, 0, "12345678"),
      frame(priority_frame, 0, 1, std::string("\0\0\0\0\x10", 5)),
      frame(data_frame, 0, 1),
      frame(data_frame, padded, 1, std::string("\x02\0\0", 3)),
  };
  for (const std::string& one : floods) {
    const auto server = connected({.provoked_frames_max = 100});
    std::string flood = frame(headers_frame, end_headers, 1, post_block);
    for (int i = 0; i < 200; ++i) flood += one;

    EXPECT_FALSE(server->session.receive(flood).has_value()) << int{one.data()[3]};

    expect_goaway(*server, enhance_your_calm);
  }
}

TEST_F(Http2ServerSessionTest, MakingTheServerResetCountsLikeResetting) {
  const auto server = connected({.provoked_frames_max = 50});
  for (std::int32_t stream = 1; stream < 200 && !server->session.finished(); stream += 2) {
    // A window above 2^31 - 1 is an error of its stream.
    (void)server->session.receive(get_request(stream) + window_update(stream, 0x7fffffff));
    if (stream < 90) server->produced();
  }

  expect_goaway(*server, enhance_your_calm);
}

TEST_F(Http2ServerSessionTest, AHeaderListAboveTheLimitIsAnsweredWith431) {
  const auto server = connected({.header_list_bytes_max = 1000});
  const std::string block = get_block + literal("x-large", std::string(1200, 'x'));

  ASSERT_TRUE(server->session.receive(frame(headers_frame, end_stream | end_headers, 1, block))
                  .has_value());
  ASSERT_TRUE(server->session.receive(get_request(3)).has_value());

  const auto answers = frames_of(server->produced(), headers_frame);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_NE(answers[0].payload.find("431"), std::string::npos);
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(server->session.open_streams(), 1u);
}

TEST_F(Http2ServerSessionTest, AHeaderListFarAboveTheLimitIsReset) {
  const auto server = connected({.header_list_bytes_max = 500});
  const std::string block = get_block + literal("x-large", std::string(5000, 'x'));

  ASSERT_TRUE(server->session.receive(frame(headers_frame, end_stream | end_headers, 1, block))
                  .has_value());
  ASSERT_TRUE(server->session.receive(get_request(3)).has_value());

  const std::string bytes = server->produced();
  EXPECT_EQ(frames_of(bytes, rst_stream_frame).size(), 1u);
  EXPECT_TRUE(frames_of(bytes, headers_frame).empty());
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(server->session.open_streams(), 1u);
}

TEST_F(Http2ServerSessionTest, ContinuationsWithoutAnEndEndTheSession) {
  const auto server = connected();
  std::string flood = frame(headers_frame, end_stream, 1, get_block);
  for (int i = 0; i < 100; ++i) {
    flood += frame(continuation_frame, 0, 1, literal("x-" + std::to_string(i), "y"));
  }

  EXPECT_FALSE(server->session.receive(flood).has_value());

  EXPECT_TRUE(server->requests.empty());
  expect_goaway(*server, enhance_your_calm);
}

TEST_F(Http2ServerSessionTest, AFewContinuationsMakeOneRequest) {
  const auto server = connected();

  ASSERT_TRUE(server->session.receive(
      frame(headers_frame, end_stream, 1, get_block) +
      frame(continuation_frame, 0, 1, literal("x-a", "1")) +
      frame(continuation_frame, end_headers, 1, literal("x-b", std::string(200, 'b')))));

  ASSERT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(server->requests[0].second.header("x-a"), "1");
  EXPECT_EQ(server->requests[0].second.header("x-b"), std::string(200, 'b'));
}

TEST_F(Http2ServerSessionTest, DataBeyondTheWindowIsAFlowControlError) {
  const auto server = connected({.initial_window_bytes = 10});
  ASSERT_TRUE(server->session.receive(frame(settings_frame, acknowledgement, 0)).has_value());

  (void)server->session.receive(frame(headers_frame, end_headers, 1, post_block) +
                                frame(data_frame, end_stream, 1, std::string(100, 'x')));

  const std::string bytes = server->produced();
  const auto resets = frames_of(bytes, rst_stream_frame);
  const auto goaways = frames_of(bytes, goaway_frame);
  ASSERT_EQ(resets.size() + goaways.size(), 1u);
  EXPECT_EQ(
      resets.empty() ? number_at(goaways[0].payload, 4, 4) : number_at(resets[0].payload, 0, 4),
      flow_control_error);
  EXPECT_TRUE(server->requests.empty());
}

TEST_F(Http2ServerSessionTest, ARequestWithTwoPathsOrNoneReachesNobody) {
  const std::string blocks[] = {get_block + "\x84", std::string("\x82\x87"),
                                get_block + literal("Upper-Case", "x"),
                                get_block + literal("connection", "close")};
  for (const std::string& block : blocks) {
    const auto server = connected();

    (void)server->session.receive(frame(headers_frame, end_stream | end_headers, 1, block));

    EXPECT_EQ(frames_of(server->produced(), rst_stream_frame).size(), 1u);
    EXPECT_TRUE(server->requests.empty());
    EXPECT_EQ(server->session.open_streams(), 0u);
  }
}

TEST_F(Http2ServerSessionTest, ABrokenHeaderBlockEndsTheSessionAndItsStreams) {
  const auto server = connected();
  ASSERT_TRUE(server->session.receive(get_request(1)).has_value());

  (void)server->session.receive(
      frame(headers_frame, end_stream | end_headers, 3, "\xff\xff\xff\xff\xff"));

  constexpr auto compression_error = static_cast<ErrorNumber>(9);
  expect_goaway(*server, compression_error);
  EXPECT_EQ(server->closed, (std::vector<std::pair<std::int32_t, bool>>{{1, true}}));
}

TEST_F(Http2ServerSessionTest, AnOversizedFrameEndsTheSession) {
  const auto server = connected();

  (void)server->session.receive(frame(headers_frame, end_headers, 1, std::string(20'000, 'x')));

  expect_goaway(*server, frame_size_error);
}

TEST_F(Http2ServerSessionTest, AnAnnouncedBodyAboveTheLimitIsRefusedBeforeItIsSent) {
  const auto server = connected({.body_bytes_max = 1000});

  ASSERT_TRUE(server->session.receive(
      frame(headers_frame, end_headers, 1, post_block + literal("content-length", "1001"))));

  const std::string bytes = server->produced();
  const auto answers = frames_of(bytes, headers_frame);
  const auto resets = frames_of(bytes, rst_stream_frame);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_NE(answers[0].payload.find("413"), std::string::npos);
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(number_at(resets[0].payload, 0, 4), no_error);
  EXPECT_EQ(server->session.open_streams(), 0u);
}

// `count` bytes of a body that goes on.
std::string part_of_body(std::int32_t stream, std::size_t count) {
  return frame(data_frame, 0, stream, std::string(count, 'x'));
}

TEST_F(Http2ServerSessionTest, ABodyThatTheUnfinishedOnesLeaveNoRoomForIsRefused) {
  const auto server = connected({.unfinished_bytes_max = 1000});
  for (const std::int32_t stream : {1, 3, 5}) {
    ASSERT_TRUE(server->session.receive(frame(headers_frame, end_headers, stream, post_block)));
  }

  ASSERT_TRUE(server->session.receive(part_of_body(1, 500) + part_of_body(3, 500)));
  EXPECT_TRUE(frames_of(server->produced(), headers_frame).empty()) << "just full";
  ASSERT_TRUE(server->session.receive(part_of_body(5, 1)));

  const auto answers = frames_of(server->produced(), headers_frame);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].stream, 5);
  EXPECT_NE(answers[0].payload.find("503"), std::string::npos);
  EXPECT_TRUE(server->requests.empty());
}

TEST_F(Http2ServerSessionTest, ABodyThatEndsOrIsResetOrRefusedLeavesItsRoomToOthers) {
  const auto server = connected({.body_bytes_max = 900, .unfinished_bytes_max = 1000});
  const auto begin_with = [&](std::int32_t stream, std::size_t bytes) {
    return server->session.receive(frame(headers_frame, end_headers, stream, post_block) +
                                   part_of_body(stream, bytes));
  };
  ASSERT_TRUE(begin_with(1, 900));
  ASSERT_TRUE(server->session.receive(frame(data_frame, end_stream, 1)));
  ASSERT_EQ(server->requests.size(), 1u);
  ASSERT_TRUE(begin_with(3, 900));
  ASSERT_TRUE(server->session.receive(rst_stream(3, cancel)));
  ASSERT_TRUE(begin_with(5, 900));
  ASSERT_TRUE(server->session.receive(part_of_body(5, 1)));  // 413
  ASSERT_TRUE(begin_with(7, 900));
  ASSERT_TRUE(server->session.receive(frame(data_frame, end_stream, 7)));

  ASSERT_EQ(server->requests.size(), 2u);
  EXPECT_EQ(server->requests[1].second.body.size(), 900u);
}

TEST_F(Http2ServerSessionTest, AResetAfterTheHeadersIsNoRequestAndNoLeak) {
  const auto server = connected();

  ASSERT_TRUE(server->session.receive(frame(headers_frame, end_headers, 1, post_block) +
                                      rst_stream(1, cancel)));

  EXPECT_TRUE(server->requests.empty());
  EXPECT_TRUE(server->closed.empty());
  EXPECT_EQ(server->session.open_streams(), 0u);
}

TEST_F(Http2ServerSessionTest, StreamsAboveALimitNotYetAcknowledgedAreRefused) {
  const auto server = connected({.concurrent_streams_max = 2});

  ASSERT_TRUE(server->session.receive(get_request(1) + get_request(3) + get_request(5)));

  const auto resets = frames_of(server->produced(), rst_stream_frame);
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].stream, 5);
  EXPECT_EQ(number_at(resets[0].payload, 0, 4), refused_stream);
  EXPECT_EQ(server->requests.size(), 2u);
}

TEST_F(Http2ServerSessionTest, TrailersAreReadAndDropped) {
  const auto server = connected();

  ASSERT_TRUE(server->session.receive(
      frame(headers_frame, end_headers, 1, post_block) + frame(data_frame, 0, 1, "body") +
      frame(headers_frame, end_stream | end_headers, 1, literal("x-trailer", "t"))));

  ASSERT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(server->requests[0].second.body, "body");
  EXPECT_EQ(server->requests[0].second.header("x-trailer"), std::nullopt);
}

TEST_F(Http2ServerSessionTest, TheHostHeaderStandsInForAnAbsentAuthority) {
  const auto server = connected();

  ASSERT_TRUE(server->session.receive(frame(headers_frame, end_stream | end_headers, 1,
                                            "\x82\x87\x84" + literal("host", "mdm.example"))));

  ASSERT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(server->requests[0].second.authority, "mdm.example");
}

}  // namespace
}  // namespace reveille::http::test

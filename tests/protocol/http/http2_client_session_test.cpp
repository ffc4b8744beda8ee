// The client against frames written by hand, many of them hostile.
#include "protocol/http/http2_client_session.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/protocol/http/frames.h"
#include "tests/protocol/http/sessions.h"

namespace reveille::http::test {
namespace {

const std::string token_path = "/3/device/" + std::string(64, 'a');

std::string headers(std::int32_t stream, std::string_view block, std::uint8_t flags) {
  return frame(headers_frame, static_cast<std::uint8_t>(flags | end_headers), stream, block);
}

class Http2ClientSessionTest : public testing::Test {
 protected:
  void connect(std::string_view first_settings) {
    ASSERT_TRUE(client.session.receive(first_settings).has_value());
    client.produced();
  }
  void expect_over(std::string_view bytes) {
    EXPECT_FALSE(client.session.receive(bytes).has_value());
    EXPECT_EQ(frames_of(client.produced(), goaway_frame).size(), 1u);
    client.session.abandon();
    EXPECT_TRUE(client.session.finished());
    EXPECT_EQ(client.session.open_streams(), 0u);
  }

  Client client;
};

TEST_F(Http2ClientSessionTest, OpensWithThePrefaceAndDeclinesPushes) {
  const std::string bytes = client.produced();

  EXPECT_TRUE(bytes.starts_with(client_preface));
  const auto settings_frames = frames_of(bytes, settings_frame);
  ASSERT_EQ(settings_frames.size(), 1u);
  EXPECT_NE(settings_frames[0].payload.find(std::string("\0\x02\0\0\0\0", 6)), std::string::npos);
}

TEST_F(Http2ClientSessionTest, ThePathIsALiteralThatNoTableKeepsAndNoPriorityIsSent) {
  connect(empty_settings());

  client.post(1, token_path, "{}");
  const std::string bytes = client.produced();

  const auto blocks = frames_of(bytes, headers_frame);
  ASSERT_EQ(blocks.size(), 1u);
  constexpr std::uint8_t priority_flag = 0x20;
  EXPECT_FALSE(blocks[0].has(priority_flag));
  EXPECT_TRUE(frames_of(bytes, priority_frame).empty());
  // POST and https are whole entries of the static table; :authority is the literal after them.
  const std::string& block = blocks[0].payload;
  ASSERT_EQ(block.substr(0, 3), "\x83\x87\x41");
  const std::size_t path = 4 + (static_cast<unsigned char>(block[3]) & 0x7f);
  constexpr char path_never_indexed = 0x14;
  EXPECT_EQ(block.at(path), path_never_indexed);
}

TEST_F(Http2ClientSessionTest, ABodyIsSplitWhenThePeersWindowIsShort) {
  connect(settings(initial_window_size, 10));

  client.post(1, token_path, std::string(25, 'x'));
  std::string sent;
  for (int i = 0; i < 3; ++i) {
    for (const Frame& one : frames_of(client.produced(), data_frame)) {
      EXPECT_LE(one.payload.size(), 10u);
      EXPECT_EQ(one.has(end_stream), i == 2);
      sent += one.payload;
    }
    ASSERT_TRUE(client.session.receive(window_update(1, 10)).has_value());
  }

  EXPECT_EQ(sent, std::string(25, 'x'));
}

TEST_F(Http2ClientSessionTest, AnEmptyConnectionWindowHoldsBodiesBackUntilItOpens) {
  connect(empty_settings());
  for (Client::Tag tag = 1; tag <= 2; ++tag) client.post(tag, token_path, std::string(60'000, 'x'));
  std::size_t sent = 0;
  for (const Frame& one : frames_of(client.produced(), data_frame)) sent += one.payload.size();
  EXPECT_EQ(sent, 65'535u);

  ASSERT_TRUE(client.session.receive(window_update(0, 100'000)).has_value());
  for (const Frame& one : frames_of(client.produced(), data_frame)) sent += one.payload.size();

  EXPECT_EQ(sent, 120'000u);
}

TEST_F(Http2ClientSessionTest, AGoawayFailsTheStreamsAboveItsLastIdBeforeItsOwnEvent) {
  connect(empty_settings());
  for (Client::Tag tag = 1; tag <= 4; ++tag) client.post(tag, token_path, "{}");
  client.produced();

  ASSERT_TRUE(client.session.receive(goaway(3, no_error, R"({"reason":"Shutdown"})")).has_value());

  EXPECT_EQ(client.log, "refused 3\nrefused 4\ngoaway 0 {\"reason\":\"Shutdown\"}\n");
  EXPECT_EQ(client.session.open_streams(), 2u);
  EXPECT_EQ(client.session.capacity(), 0u);
  ASSERT_TRUE(client.session.receive(headers(1, status_200_block, end_stream) +
                                     headers(3, status_200_block, end_stream)));
  EXPECT_TRUE(client.log.ends_with("response 1\nresponse 2\n"));
  EXPECT_TRUE(client.session.finished());
}

TEST_F(Http2ClientSessionTest, ASecondGoawayWithALowerIdRefusesMore) {
  connect(empty_settings());
  for (Client::Tag tag = 1; tag <= 2; ++tag) client.post(tag, token_path, "{}");
  client.produced();

  ASSERT_TRUE(client.session.receive(goaway(0x7fffffff, no_error)).has_value());
  ASSERT_TRUE(client.session.receive(goaway(1, no_error)).has_value());

  EXPECT_EQ(client.log, "goaway 0 \nrefused 2\ngoaway 0 \n");
}

TEST_F(Http2ClientSessionTest, AGoawayRefusesWhatWasSubmittedButNotSent) {
  connect(empty_settings());
  client.post(1, token_path, "{}");
  client.produced();
  client.post(2, token_path, "{}");

  ASSERT_TRUE(client.session.receive(goaway(0x7fffffff, no_error)).has_value());

  EXPECT_EQ(client.log, "refused 2\ngoaway 0 \n");
  EXPECT_TRUE(frames_of(client.produced(), headers_frame).empty());
  EXPECT_EQ(client.session.open_streams(), 1u);
}

TEST_F(Http2ClientSessionTest, AStreamResetAfterItsHeadersGivesNoResponse) {
  connect(empty_settings());
  client.post(1, token_path, "{}");
  client.post(2, token_path, "{}");
  client.produced();

  ASSERT_TRUE(client.session.receive(headers(1, status_200_block, 0) + rst_stream(1, cancel) +
                                     rst_stream(3, refused_stream)));

  EXPECT_EQ(client.log, "reset 1\nrefused 2\n");
}

TEST_F(Http2ClientSessionTest, AnEarlyWholeResponseCountsAndEndsTheRestOfTheBody) {
  connect(settings(initial_window_size, 0));
  client.post(1, token_path, "never sent");
  client.produced();

  ASSERT_TRUE(client.session.receive(headers(1, status_200_block, end_stream)).has_value());
  const auto resets = frames_of(client.produced(), rst_stream_frame);

  EXPECT_EQ(resets.size(), 1u);
  EXPECT_EQ(client.log, "response 1\n");
}

TEST_F(Http2ClientSessionTest, AWholeResponseFollowedByNoErrorCounts) {
  connect(settings(initial_window_size, 0));
  client.post(1, token_path, "never sent");
  client.produced();

  ASSERT_TRUE(
      client.session.receive(headers(1, status_200_block, end_stream) + rst_stream(1, no_error)));

  EXPECT_EQ(client.log, "response 1\n");
}

TEST_F(Http2ClientSessionTest, InterimResponsesAndTrailersAreDropped) {
  connect(empty_settings());
  client.post(1, token_path, "{}");
  client.produced();

  ASSERT_TRUE(client.session.receive(
      headers(1, literal(":status", "103") + literal("link", "x"), 0) +
      headers(1, std::string(status_200_block) + literal("apns-id", "i"), 0) +
      frame(data_frame, 0, 1, "body") + headers(1, literal("x-trailer", "t"), end_stream)));

  EXPECT_EQ(client.responses[1].status, 200);
  EXPECT_EQ(client.responses[1].headers, (std::vector<Header>{{"apns-id", "i"}}));
  EXPECT_EQ(client.responses[1].body, "body");
}

TEST_F(Http2ClientSessionTest, ALimitLoweredBelowWhatWaitsHoldsRequestsBackUntilItRises) {
  connect(empty_settings());
  for (Client::Tag tag = 1; tag <= 3; ++tag) client.post(tag, token_path, "{}");
  ASSERT_TRUE(client.session.receive(settings(max_concurrent_streams, 1)).has_value());

  EXPECT_EQ(frames_of(client.produced(), headers_frame).size(), 1u);
  client.session.cancel(2);  // one that never left
  ASSERT_TRUE(client.session.receive(settings(max_concurrent_streams, 10)).has_value());
  EXPECT_EQ(frames_of(client.produced(), headers_frame).size(), 1u);

  EXPECT_EQ(client.session.open_streams(), 2u);
  EXPECT_EQ(client.session.capacity(), 8u);
}

TEST_F(Http2ClientSessionTest, ABrokenPeerEndsTheSession) {
  connect(empty_settings());
  client.post(1, token_path, "{}");
  client.produced();

  expect_over(frame(headers_frame, end_headers, 1, "\xff\xff\xff\xff\xff"));

  EXPECT_EQ(client.log, "lost 1\n");
}

TEST_F(Http2ClientSessionTest, EveryBrokenFrameEndsTheSession) {
  const std::string broken[] = {
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      frame(settings_frame, 0, 1),
      frame(settings_frame, 0, 0, "12345"),
      frame(ping_frame, 0, 0, "short"),
      frame(data_frame, 0, 0, "stream 0"),
      frame(continuation_frame, end_headers, 1, status_200_block),
      frame(5, end_headers, 1, big_endian(2, 4) + get_block),  // PUSH_PROMISE
      headers(2, status_200_block, end_stream),
      window_update(0, 0),
      frame(goaway_frame, 0, 0, "1234"),
  };
  for (const std::string& bytes : broken) {
    Client other;
    ASSERT_TRUE(other.session.receive(empty_settings()).has_value());
    other.produced();
    ASSERT_TRUE(other.session.receive(frame(settings_frame, acknowledgement, 0)).has_value());
    other.post(1, token_path, "{}");
    other.produced();

    EXPECT_FALSE(other.session.receive(bytes).has_value()) << testing::PrintToString(bytes);

    EXPECT_EQ(other.session.capacity(), 0u);
    EXPECT_EQ(frames_of(other.produced(), goaway_frame).size(), 1u);
  }
}

TEST_F(Http2ClientSessionTest, WhenItsStreamIdsRunOutItTakesNoMoreAndWhatIsOpenIsAnswered) {
  Http2ClientOptions options;
  options.first_stream_id = std::numeric_limits<std::int32_t>::max() - 2;  // two are left
  Client last(options);
  Server server;
  server.answers_everything_with({.status = 200, .headers = {}, .body = {}});
  exchange(last, server);
  EXPECT_EQ(last.session.capacity(), 2u);

  last.post(1, token_path, "{}");
  EXPECT_FALSE(last.session.ids_have_run_out());
  last.post(2, token_path, "{}");

  EXPECT_TRUE(last.session.ids_have_run_out());
  EXPECT_EQ(last.session.capacity(), 0u);
  EXPECT_FALSE(last.session.finished());
  exchange(last, server);
  EXPECT_EQ(last.responses.size(), 2u);
  EXPECT_TRUE(last.session.finished());
}

TEST_F(Http2ClientSessionTest, AResponseWithoutAStatusIsAResetOfItsStreamAlone) {
  connect(empty_settings());
  client.post(1, token_path, "{}");
  client.post(2, token_path, "{}");
  client.produced();

  ASSERT_TRUE(client.session.receive(headers(1, literal("apns-id", "i"), end_stream) +
                                     headers(3, status_200_block, end_stream)));
  client.produced();

  EXPECT_NE(client.log.find("reset 1\n"), std::string::npos);
  EXPECT_NE(client.log.find("response 2\n"), std::string::npos);
}

}  // namespace
}  // namespace reveille::http::test

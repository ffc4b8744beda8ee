#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/simulators/apns_session_owner.h"

// Apple's end against frames written by hand.
namespace reveille::simulators::apns::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes frame(FrameType type, std::uint8_t flags, StreamId stream, BytesView payload) {
  Bytes bytes;
  append_frame_head(bytes,
                    {.length = payload.size(), .type = type, .flags = flags, .stream = stream});
  bytes.append(payload);
  return bytes;
}

Bytes greeting() { return Bytes(preface) + frame(FrameType::settings, 0, 0, ""); }

Bytes acknowledgement() { return frame(FrameType::settings, flag::acknowledge, 0, ""); }

// POST https, by index; a path without indexing.
Bytes head(StreamId stream, std::uint8_t flags = flag::end_headers) {
  return frame(FrameType::headers, flags, stream, BytesView("\x83\x87\x04\x01/", 5));
}

Bytes settings_of_one(std::uint16_t name, std::uint32_t value) {
  Bytes payload;
  append_setting(payload, name, value);
  return frame(FrameType::settings, 0, 0, payload);
}

struct Refused {
  const char* name;
  Bytes bytes;
  const char* why;
};

class PushSessionRefuses : public testing::TestWithParam<Refused> {};

TEST_P(PushSessionRefuses, TheFrameAndSaysGoAway) {
  Apple apple;
  apple.answers = false;
  apple.session.output().clear();
  const Result<void> received = apple.session.receive(GetParam().bytes);

  ASSERT_FALSE(received.has_value());
  EXPECT_THAT(received.error().detail, HasSubstr(GetParam().why));
  EXPECT_THAT(apple.session.output(), HasSubstr(GetParam().why)) << "in GOAWAY's debug data";
  EXPECT_FALSE(apple.session.receive("").has_value());
}

INSTANTIATE_TEST_SUITE_P(
    EachMistake, PushSessionRefuses,
    testing::Values(
        Refused{"NoPreface", "GET / HTTP/1.1\r\n\r\n", "preface"},
        Refused{"NoSettings", Bytes(preface) + head(1), "first frame is not SETTINGS"},
        Refused{"LargeFrame", greeting() + Bytes("\x00\x40\x01\x00\x00\x00\x00\x00\x01", 9),
                "larger than 16,384"},
        Refused{"EvenStream", greeting() + head(2), "no client's"},
        Refused{"StreamZero", greeting() + head(0), "no client's"},
        Refused{"DataOnIdle", greeting() + frame(FrameType::data, 0, 1, "x"), "never opened"},
        Refused{"DataOnZero", greeting() + frame(FrameType::data, 0, 0, "x"), "never opened"},
        Refused{"ResetOnIdle", greeting() + frame(FrameType::rst_stream, 0, 5, Bytes(4, '\0')),
                "never opened"},
        Refused{"DataAfterEnd",
                greeting() + head(1, flag::end_headers | flag::end_stream) +
                    frame(FrameType::data, 0, 1, "x"),
                "DATA after END_STREAM"},
        Refused{"HeadersAmidStream", greeting() + head(1) + head(1), "HEADERS amid a stream"},
        Refused{"Interrupted", greeting() + head(1, 0) + frame(FrameType::ping, 0, 0, "12345678"),
                "interrupted"},
        Refused{"InterruptedByAnother",
                greeting() + head(1, 0) + frame(FrameType::continuation, 4, 3, ""), "interrupted"},
        Refused{"LoneContinuation", greeting() + frame(FrameType::continuation, 4, 1, ""),
                "CONTINUATION without"},
        Refused{
            "Padding",
            greeting() + frame(FrameType::headers, flag::padded | flag::end_headers, 1, "\x09x"),
            "more padding"},
        Refused{"PushPromise", greeting() + frame(FrameType::push_promise, 4, 1, "1234"),
                "PUSH_PROMISE"},
        Refused{"PingLength", greeting() + frame(FrameType::ping, 0, 0, "1234"), "PING's length"},
        Refused{"PingOnStream", greeting() + frame(FrameType::ping, 0, 1, "12345678"),
                "PING on a stream"},
        Refused{"SettingsLength", greeting() + frame(FrameType::settings, 0, 0, "12345"),
                "SETTINGS' length"},
        Refused{"SettingsOnStream", greeting() + frame(FrameType::settings, 0, 1, ""),
                "SETTINGS on a stream"},
        Refused{"SettingsWindow", greeting() + settings_of_one(4, 0x80000000), "too large"},
        Refused{"SettingsPush", greeting() + settings_of_one(2, 2), "neither 0 nor 1"},
        Refused{"NoUpdate", greeting() + frame(FrameType::window_update, 0, 0, Bytes(4, '\0')),
                "by nothing"},
        Refused{"LargeUpdate",
                greeting() + frame(FrameType::window_update, 0, 0, "\x7f\xff\xff\xff"), "beyond"},
        Refused{"BadBlock",
                greeting() + frame(FrameType::headers, flag::end_headers, 1, BytesView("\x80", 1)),
                "index is zero"},
        Refused{"PriorityLength", greeting() + frame(FrameType::priority, 0, 1, "1234"),
                "PRIORITY's length"},
        Refused{"PriorityOnNothing", greeting() + frame(FrameType::priority, 0, 0, "12345"),
                "PRIORITY on no stream"},
        Refused{"GoAwayOnStream", greeting() + frame(FrameType::goaway, 0, 1, "12345678"),
                "GOAWAY on a stream"},
        Refused{"GoAwayLength", greeting() + frame(FrameType::goaway, 0, 0, "1234567"),
                "GOAWAY's length"},
        Refused{"UpdateOnIdle",
                greeting() + frame(FrameType::window_update, 0, 1, BytesView("\0\0\0\x01", 4)),
                "never opened"},
        Refused{"SettingsFrame", greeting() + settings_of_one(5, 16'383), "MAX_FRAME_SIZE"},
        Refused{"HeadersAfterEnd",
                greeting() + head(1, flag::end_headers | flag::end_stream) + head(1),
                "HEADERS after END_STREAM"}),
    [](const auto& param) { return std::string(param.param.name); });

// A head as its block; POST, https and a path by index or in short.
struct Malformed {
  const char* name;
  Bytes block;
  const char* why;
};

Bytes literal(BytesView name, BytesView value) {
  Bytes field(1, '\0');
  for (const BytesView text : {name, value}) {
    field.push_back(static_cast<char>(text.size()));
    field.append(text);
  }
  return field;
}

const Bytes good_block("\x83\x87\x04\x01/", 5);

class PushSessionMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(PushSessionMalformed, EndsTheStreamWithProtocolErrorAndSparesTheConnection) {
  Apple apple;
  ASSERT_TRUE(apple.session.receive(greeting()).has_value());
  apple.session.output().clear();
  const std::uint8_t whole = flag::end_headers | flag::end_stream;
  ASSERT_TRUE(
      apple.session.receive(frame(FrameType::headers, whole, 1, GetParam().block)).has_value());

  EXPECT_EQ(apple.session.output(), frame(FrameType::rst_stream, 0, 1, BytesView("\0\0\0\x01", 4)));
  EXPECT_THAT(apple.broken, ElementsAre(HasSubstr(GetParam().why)));
  EXPECT_EQ(apple.pushes.size(), 0u);
  ASSERT_TRUE(apple.session.receive(frame(FrameType::headers, whole, 3, good_block)).has_value());
  EXPECT_EQ(apple.pushes.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    EachMistake, PushSessionMalformed,
    testing::Values(
        Malformed{"UpperCase", good_block + literal("X", "y"), "upper-case"},
        Malformed{"NoName", good_block + literal("", "y"), "no name"},
        Malformed{"BlankInName", good_block + literal("a b", "y"), "other signs"},
        Malformed{"LineInValue", good_block + literal("a", "b\r\nc: d"), "line's end"},
        Malformed{"Connection", good_block + literal("connection", "close"), "HTTP/2 has none of"},
        Malformed{"Te", good_block + literal("te", "gzip"), "HTTP/2 has none of"},
        Malformed{"PseudoLast", literal("x", "y") + good_block, "behind other headers"},
        Malformed{"PseudoTwice", "\x83\x83", "repeated"},
        Malformed{"PseudoOfAResponse", good_block + "\x88", "no request has"},
        Malformed{"NoMethod", Bytes("\x87\x04\x01/", 4), "missing"},
        Malformed{"NoScheme", Bytes("\x83\x04\x01/", 4), "missing"},
        Malformed{"NoPath", "\x83\x87", "missing"},
        Malformed{"EmptyPath", Bytes("\x83\x87\x04\x00", 4), ":path is empty"},
        Malformed{"LengthOfNothing", good_block + literal("content-length", "3"), "the body's"},
        Malformed{"LengthInWords", good_block + literal("content-length", "three"), "no number"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(PushSession, AContentLengthThatIsTheBodysIsWell) {
  Apple apple;
  const Bytes block = good_block + literal("content-length", "3");
  ASSERT_TRUE(apple.session
                  .receive(greeting() + frame(FrameType::headers, flag::end_headers, 1, block) +
                           frame(FrameType::data, 0, 1, "ab") +
                           frame(FrameType::data, flag::end_stream, 1, "c"))
                  .has_value());
  EXPECT_EQ(apple.pushes.size(), 1u);
  EXPECT_THAT(apple.broken, ElementsAre());
}

TEST(PushSession, TrailersAndUnknownFramesAreSeenWhenStrict) {
  Apple apple({}, true);
  const std::uint8_t whole = flag::end_headers | flag::end_stream;
  ASSERT_TRUE(apple.session
                  .receive(greeting() + frame(static_cast<FrameType>(0xfa), 0, 0, "x") + head(1) +
                           frame(FrameType::headers, whole, 1, literal("a", "b")) +
                           frame(FrameType::headers, whole, 1, literal("a", "b")))
                  .has_value());
  EXPECT_EQ(apple.pushes.size(), 1u);
  EXPECT_THAT(apple.broken, ElementsAre("HEADERS on a stream that is closed",
                                        "a frame of a type that HTTP/2 does not know",
                                        "a notification has trailers"));
}

TEST(PushSession, DataBeyondTheWindowEndsTheConnection) {
  Apple apple({.stream_window_bytes = 10, .window_updates = SessionSettings::WindowUpdates::held});
  ASSERT_TRUE(apple.session.receive(greeting() + acknowledgement() + head(1)).has_value());
  ASSERT_TRUE(apple.session.receive(frame(FrameType::data, 0, 1, "0123456789")).has_value());
  const Result<void> received = apple.session.receive(frame(FrameType::data, 0, 1, "x"));
  ASSERT_FALSE(received.has_value());
  EXPECT_THAT(received.error().detail, HasSubstr("stream's window"));
}

TEST(PushSession, MoreStreamsThanAcknowledgedIsABrokenRule) {
  Apple apple({.streams_max = 1});
  ASSERT_TRUE(
      apple.session.receive(greeting() + acknowledgement() + head(1) + head(3)).has_value());
  EXPECT_THAT(apple.broken,
              ElementsAre("more streams than SETTINGS_MAX_CONCURRENT_STREAMS allows"));
  EXPECT_EQ(apple.turned_away.size(), 1u);
}

TEST(PushSession, PrioritiesAndPaddingAreSeenWhenStrict) {
  Apple apple({}, true);
  const Bytes priority(5, '\0');
  const Bytes block("\x83\x87\x04\x01/", 5);
  ASSERT_TRUE(apple.session
                  .receive(greeting() + frame(FrameType::priority, 0, 1, priority) +
                           frame(FrameType::headers, flag::end_headers | flag::priority, 1,
                                 priority + block) +
                           frame(FrameType::data, flag::padded, 1, Bytes("\x01x\x00", 3)))
                  .has_value());
  EXPECT_THAT(apple.broken, ElementsAre("HEADERS carry a priority", "a PRIORITY frame is sent",
                                        "a frame is padded"));
}

TEST(PushSession, AnIndexedPathIsSeenWhenStrict) {
  Apple apple({}, true);
  ASSERT_TRUE(apple.session
                  .receive(greeting() +
                           frame(FrameType::headers, flag::end_headers, 1, "\x83\x87\x44\x01/"))
                  .has_value());
  EXPECT_THAT(apple.broken, ElementsAre(":path is put into the table of headers"));
}

TEST(PushSession, AHeadInManyFramesIsReadAndOneWithoutEndIsNot) {
  Apple apple;
  ASSERT_TRUE(
      apple.session
          .receive(greeting() + frame(FrameType::headers, flag::end_stream, 1, "\x83") +
                   frame(FrameType::continuation, 0, 1, "\x87") +
                   frame(FrameType::continuation, flag::end_headers, 1, BytesView("\x04\x01/", 3)))
          .has_value());
  EXPECT_EQ(apple.pushes.size(), 1u);

  ASSERT_TRUE(apple.session.receive(frame(FrameType::headers, 0, 3, "")).has_value());
  const Bytes piece = frame(FrameType::continuation, 0, 3, Bytes(16'000, '\x83'));
  Result<void> received;
  for (int i = 0; i < 5 && received; ++i) received = apple.session.receive(piece);
  ASSERT_FALSE(received.has_value());
  EXPECT_THAT(received.error().detail, HasSubstr("65,536"));
}

TEST(PushSession, ABodyWaitsForThePeersWindows) {
  Apple apple;
  apple.answers = false;
  ASSERT_TRUE(apple.session
                  .receive(Bytes(preface) + settings_of_one(setting::initial_window_size, 4) +
                           head(1, flag::end_headers | flag::end_stream))
                  .has_value());
  apple.session.output().clear();
  apple.session.reject(1, 400, "", "0123456789");
  EXPECT_THAT(apple.session.output(), testing::EndsWith("0123"));
  ASSERT_TRUE(
      apple.session.receive(frame(FrameType::window_update, 0, 1, BytesView("\0\0\0\x64", 4)))
          .has_value());
  EXPECT_THAT(apple.session.output(), testing::EndsWith("456789"));
  EXPECT_EQ(apple.session.open_streams(), 0u);
}

}  // namespace
}  // namespace reveille::simulators::apns::wire

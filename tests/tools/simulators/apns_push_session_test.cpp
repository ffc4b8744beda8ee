#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "protocol/http/http2_client_session.h"
#include "tests/tools/simulators/apns_session_owner.h"

// Apple's end against nghttp2's client.
namespace reveille::simulators::apns::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Provider final : public http::Http2ClientSession::Events {
 public:
  void on_response(http::Http2ClientSession::Tag tag, http::Response response) override {
    responses[tag] = std::move(response);
  }
  void on_failure(http::Http2ClientSession::Tag tag, http::StreamFailure failure) override {
    failures[tag] = failure;
  }
  void on_goaway(std::uint32_t code, BytesView debug_data) override {
    goaways.push_back(std::to_string(code) + " " + std::string(debug_data));
  }
  void on_ping_acknowledged() override { ++pongs; }

  void push(std::uint64_t number, std::string_view body = R"({"mdm":"magic"})") {
    using http::Indexing;
    const std::string path = "/3/device/" + std::to_string(number);
    std::string id = "6f1c0d7e-4a0b-4a53-9a3e-000000000000";
    const std::string digits = std::to_string(number);
    id.replace(id.size() - digits.size(), digits.size(), digits);
    const Indexing once = first_ ? Indexing::with : Indexing::without;
    first_ = false;
    const std::array headers = {
        http::RequestHeader{":method", "POST", Indexing::with},
        http::RequestHeader{":scheme", "https", Indexing::with},
        http::RequestHeader{":authority", "localhost", Indexing::with},
        http::RequestHeader{":path", path, Indexing::without},
        http::RequestHeader{"apns-topic", "com.apple.mgmt.External.1", Indexing::with},
        http::RequestHeader{"apns-push-type", "mdm", Indexing::with},
        http::RequestHeader{"apns-expiration", "1893456000", once},
        http::RequestHeader{"apns-id", id, once}};
    session.submit(number, headers, body);
  }

  std::map<std::uint64_t, http::Response> responses;
  std::map<std::uint64_t, http::StreamFailure> failures;
  std::vector<std::string> goaways;
  int pongs = 0;
  bool first_ = true;
  http::Http2ClientSession session{*this, {}};
};

// `piece`: how many bytes arrive at once; frames must not mind where they are split.
void exchange(Provider& provider, Apple& apple, std::size_t piece = 1 << 20) {
  for (bool more = true; more;) {
    Bytes out;
    provider.session.produce(out, 1 << 20);
    for (std::size_t i = 0; i < out.size(); i += piece) {
      (void)apple.session.receive(BytesView(out).substr(i, piece));
    }
    const Bytes back = std::exchange(apple.session.output(), {});
    if (!back.empty()) (void)provider.session.receive(back);
    more = !out.empty() || !back.empty();
  }
}

TEST(PushSession, AcceptsManyPushesAndKeepsTheirIds) {
  Apple apple;
  Provider provider;
  for (std::uint64_t number = 1; number <= 100; ++number) provider.push(number);
  exchange(provider, apple);

  ASSERT_EQ(provider.responses.size(), 100u);
  EXPECT_EQ(provider.responses[7].status, 200);
  EXPECT_EQ(provider.responses[7].header("apns-id"), "6f1c0d7e-4a0b-4a53-9a3e-000000000007");
  EXPECT_EQ(apple.pushes.at(0).second, R"({"mdm":"magic"})");
  EXPECT_THAT(apple.topics, ElementsAre("com.apple.mgmt.External.1"));
  EXPECT_EQ(apple.session.open_streams(), 0u);
}

TEST(PushSession, MindsNotWhereBytesAreSplit) {
  for (const std::size_t piece : {1, 2, 3, 7, 64}) {
    Apple apple;
    Provider provider;
    for (std::uint64_t number = 1; number <= 5; ++number) provider.push(number);
    exchange(provider, apple, piece);
    EXPECT_EQ(provider.responses.size(), 5u) << piece;
  }
}

TEST(PushSession, AProviderThatWritesAsAppleAsksBreaksNoStrictRule) {
  Apple apple({}, true);
  Provider provider;
  for (std::uint64_t number = 1; number <= 5; ++number) provider.push(number);
  exchange(provider, apple);

  EXPECT_THAT(apple.broken, ElementsAre());
  EXPECT_EQ(provider.responses.size(), 5u);
}

TEST(PushSession, RejectsWithStatusHeadersAndBody) {
  Apple apple;
  apple.answers = false;
  Provider provider;
  provider.push(1);
  exchange(provider, apple);
  apple.session.reject(apple.pushes.at(0).first, 429, "retry-after: 30", R"({"reason":"x"})");
  exchange(provider, apple);

  EXPECT_EQ(provider.responses[1].status, 429);
  EXPECT_EQ(provider.responses[1].header("retry-after"), "30");
  EXPECT_EQ(provider.responses[1].header("apns-id"), "6f1c0d7e-4a0b-4a53-9a3e-000000000001");
  EXPECT_EQ(provider.responses[1].body, R"({"reason":"x"})");
}

TEST(PushSession, AnswersWithoutABodyEndWithTheirHeaders) {
  Apple apple;
  apple.answers = false;
  Provider provider;
  provider.push(1);
  exchange(provider, apple);
  apple.session.reject(apple.pushes.at(0).first, 503, "", "");
  exchange(provider, apple);

  EXPECT_EQ(provider.responses[1].status, 503);
  EXPECT_EQ(provider.responses[1].body, "");
  EXPECT_EQ(apple.session.open_streams(), 0u);
}

TEST(PushSession, StreamsAboveTheLimitWait) {
  Apple apple({.streams_max = 3});
  apple.answers = false;
  Provider provider;
  exchange(provider, apple);
  EXPECT_EQ(provider.session.capacity(), 3u);
  for (std::uint64_t number = 1; number <= 3; ++number) provider.push(number);
  exchange(provider, apple);
  EXPECT_EQ(provider.session.capacity(), 0u);

  apple.session.change_settings({.streams_max = 5});
  exchange(provider, apple);
  EXPECT_EQ(provider.session.capacity(), 2u);
  apple.session.change_settings({.streams_max = 1});
  exchange(provider, apple);
  EXPECT_EQ(provider.session.capacity(), 0u);
  EXPECT_THAT(apple.broken, ElementsAre());
}

TEST(PushSession, StreamsOpenedBeforeTheLimitIsKnownAreRefusedWithoutBlame) {
  Apple apple({.streams_max = 2});
  apple.answers = false;
  Provider provider;
  for (std::uint64_t number = 1; number <= 4; ++number) provider.push(number);
  exchange(provider, apple);

  EXPECT_THAT(apple.turned_away, ElementsAre("/3/device/3", "/3/device/4"));
  EXPECT_EQ(provider.failures[3], http::StreamFailure::refused);
  EXPECT_EQ(provider.failures[4], http::StreamFailure::refused);
  EXPECT_THAT(apple.broken, ElementsAre());
}

TEST(PushSession, TinyWindowsSplitBodiesAndNothingIsLost) {
  using Updates = SessionSettings::WindowUpdates;
  for (const Updates updates : {Updates::half, Updates::each}) {
    Apple apple({.stream_window_bytes = 5, .window_updates = updates});
    Provider provider;
    exchange(provider, apple);
    provider.push(1, std::string(300, 'x'));
    exchange(provider, apple);
    EXPECT_EQ(apple.pushes.at(0).second, std::string(300, 'x'));
    EXPECT_EQ(provider.responses[1].status, 200);
  }
}

TEST(PushSession, AWindowThatIsHeldBackStarvesTheProviderUntilItIsGiven) {
  Apple apple({.window_updates = SessionSettings::WindowUpdates::held});
  Provider provider;
  exchange(provider, apple);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    provider.push(number, std::string(4'000, 'x'));
  }
  exchange(provider, apple);
  EXPECT_EQ(provider.responses.size(), 16u) << "65,535 bytes";

  apple.session.update_windows();
  exchange(provider, apple);
  EXPECT_EQ(provider.responses.size(), 20u);
}

TEST(PushSession, AGoAwayLeavesOutTheNewestStreams) {
  Apple apple;
  apple.answers = false;
  Provider provider;
  for (std::uint64_t number = 1; number <= 4; ++number) provider.push(number);
  exchange(provider, apple);
  apple.session.go_away(apple.session.last_stream_but(2), code::no_error, R"({"reason":"Bye"})");
  apple.session.accept(apple.pushes.at(0).first);
  apple.session.accept(apple.pushes.at(1).first);
  exchange(provider, apple);

  EXPECT_EQ(provider.responses.size(), 2u);
  EXPECT_EQ(provider.failures[3], http::StreamFailure::refused);
  EXPECT_EQ(provider.failures[4], http::StreamFailure::refused);
  EXPECT_THAT(provider.goaways, ElementsAre("0 {\"reason\":\"Bye\"}"));
  EXPECT_EQ(apple.turned_away.size(), 2u);
}

TEST(PushSession, AnAnsweredStreamIsNeverAboveTheLast) {
  Apple apple;
  Provider provider;
  for (std::uint64_t number = 1; number <= 3; ++number) provider.push(number);
  exchange(provider, apple);
  apple.answers = false;
  provider.push(4);
  exchange(provider, apple);

  EXPECT_EQ(apple.session.last_stream_but(10), 5u);
  EXPECT_EQ(apple.session.last_stream_but(1), 5u);
  EXPECT_EQ(apple.session.last_stream_but(0), 7u);
}

TEST(PushSession, AnAnnouncedGoAwayTakesWhatComesUntilTheSecond) {
  Apple apple;
  Provider provider;
  provider.push(1);
  exchange(provider, apple);
  provider.push(2);  // on its way when the first GOAWAY leaves
  Bytes out;
  provider.session.produce(out, 1 << 20);
  apple.session.go_away(last_possible_stream, code::no_error, {});
  ASSERT_TRUE(apple.session.receive(out).has_value());
  apple.session.go_away(apple.session.last_stream_but(0), code::no_error, "x");
  exchange(provider, apple);

  EXPECT_EQ(provider.responses.size(), 2u);
  EXPECT_EQ(provider.goaways.size(), 2u);
}

TEST(PushSession, AWithdrawnPushIsTold) {
  Apple apple;
  apple.answers = false;
  Provider provider;
  provider.push(1);
  exchange(provider, apple);
  provider.session.cancel(1);
  exchange(provider, apple);

  EXPECT_EQ(apple.withdrawn.size(), 1u);
  apple.session.accept(apple.pushes.at(0).first);
  EXPECT_EQ(apple.session.output(), "") << "nobody waits for it";
}

TEST(PushSession, PingsAreAnsweredUnlessToldOtherwise) {
  Apple apple;
  Provider provider;
  provider.session.ping();
  exchange(provider, apple);
  apple.session.answer_pings(false);
  provider.session.ping();
  exchange(provider, apple);

  EXPECT_EQ(apple.pings, 2);
  EXPECT_EQ(provider.pongs, 1);
}

TEST(PushSession, BodiesAboveTheLimitAreNotKept) {
  Apple apple;
  apple.answers = false;
  Provider provider;
  provider.push(1, std::string(60'000, 'x'));
  exchange(provider, apple);

  ASSERT_EQ(apple.pushes.size(), 1u);
  EXPECT_TRUE(apple.session.find(apple.pushes[0].first)->push.body_too_large);
  EXPECT_LE(apple.pushes[0].second.size(), 4096u);
}

TEST(StreamTable, FindsWhatIsOpenWhateverWasClosed) {
  StreamTable table;
  std::set<StreamId> open;
  std::uint32_t dice = 1;
  for (StreamId id = 1; id < 8'000; id += 2) {
    table.open(id);
    open.insert(id);
    dice = dice * 1'664'525 + 1'013'904'223;
    while (open.size() > 700 || (open.size() > 1 && (dice >> 30) == 0)) {
      const auto victim = std::next(open.begin(), (dice >> 8) % open.size());
      table.close(*table.find(*victim));
      open.erase(victim);
      dice = dice * 1'664'525 + 1'013'904'223;
    }
  }
  EXPECT_EQ(table.size(), open.size());
  for (StreamId id = 1; id < 8'000; id += 2) {
    OpenStream* found = table.find(id);
    EXPECT_EQ(found != nullptr, open.contains(id)) << id;
    if (found != nullptr) {
      EXPECT_EQ(found->id, id);
    }
  }
}

}  // namespace
}  // namespace reveille::simulators::apns::wire

// The decisions of a client, without sockets and with a clock that stands still.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>

#include "dispatcher/apns/address_book.h"
#include "dispatcher/apns/answer_time.h"
#include "dispatcher/apns/backoff.h"
#include "dispatcher/apns/connection_count.h"
#include "dispatcher/apns/dial.h"
#include "dispatcher/apns/dial_limit.h"
#include "dispatcher/apns/keepalive.h"
#include "dispatcher/apns/statistics.h"

namespace reveille::apns::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

const Clock::SteadyTime start{std::chrono::hours(1'000)};

TEST(BackoffTest, TheBoundDoublesToItsMaximumAndStartsAnew) {
  SystemRandomSource random;
  Backoff backoff(100ms, 1'000ms);
  const std::chrono::milliseconds bounds[] = {100ms, 200ms, 400ms, 800ms, 1'000ms, 1'000ms};
  for (int round = 0; round < 200; ++round) {
    for (const auto bound : bounds) {
      const auto pause = backoff.after_failure(random);
      EXPECT_GE(pause, 0ms);
      EXPECT_LE(pause, bound);
    }
    backoff.reset();
  }
}

TEST(BackoffTest, WhatFailsTogetherCountsOnce) {
  SystemRandomSource random;
  for (int i = 0; i < 100; ++i) {
    Backoff backoff(1'000'000ms, 64'000'000ms);
    const Clock::SteadyTime now = Clock::SteadyTime{} + 1h;
    const Clock::SteadyTime first = backoff.next_attempt(now, now, random);
    Clock::SteadyTime next = first;
    for (int more = 0; more < 5; ++more) next = backoff.next_attempt(now, next, random);
    if (first == now) continue;  // no pause: one in a million
    EXPECT_EQ(next, first);
    EXPECT_LE(backoff.after_failure(random), 2'000'000ms);
  }
}

TEST(BackoffTest, TheJitterIsFull) {
  SystemRandomSource random;
  std::chrono::milliseconds shortest = 1h;
  std::chrono::milliseconds longest = 0ms;
  for (int i = 0; i < 1'000; ++i) {
    Backoff backoff(1'000ms, 1'000ms);
    const auto pause = backoff.after_failure(random);
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  EXPECT_LT(shortest, 100ms);
  EXPECT_GT(longest, 900ms);
}

TEST(DialLimitTest, NoMinuteSeesMoreThanItsNumber) {
  DialLimit limit(3);
  limit.count(start);
  limit.count(start + 10s);
  EXPECT_EQ(limit.next_allowed(start + 20s), start + 20s);
  limit.count(start + 20s);

  EXPECT_EQ(limit.next_allowed(start + 30s), start + 60s);
  limit.count(start + 60s);
  EXPECT_EQ(limit.next_allowed(start + 61s), start + 70s);
}

class ConnectionCountTest : public testing::Test {
 protected:
  std::size_t after(ConnectionCount::Load load, std::chrono::milliseconds at) {
    count.consider(load, start + at);
    return count.wanted();
  }
  ConnectionCount count{3, 20ms, 10'000ms};
};

TEST_F(ConnectionCountTest, OneAtRest) { EXPECT_EQ(after({.usable = 1, .streams = 100}, 0ms), 1u); }

TEST_F(ConnectionCountTest, GrowsByOneWhenPushesWaitAndAllStreamsAreTaken) {
  const ConnectionCount::Load full{
      .usable = 1, .streams = 100, .in_flight = 100, .waiting_since = start};
  EXPECT_EQ(after(full, 10ms), 1u);
  EXPECT_EQ(after(full, 20ms), 2u);
  EXPECT_EQ(after(full, 30ms), 2u) << "the second one is not there yet";
  EXPECT_EQ(after({.usable = 2, .streams = 200, .in_flight = 200, .waiting_since = start}, 40ms),
            3u);
  EXPECT_EQ(after({.usable = 3, .streams = 300, .in_flight = 300, .waiting_since = start}, 50ms),
            3u)
      << "never above the maximum";
}

TEST_F(ConnectionCountTest, DoesNotGrowWhileStreamsAreFree) {
  EXPECT_EQ(after({.usable = 1, .streams = 100, .in_flight = 50, .waiting_since = start}, 1s), 1u);
}

TEST_F(ConnectionCountTest, DoesNotGrowWhileTheOnlyConnectionIsMissing) {
  EXPECT_EQ(after({.usable = 0, .streams = 0, .in_flight = 0, .waiting_since = start}, 1s), 1u);
}

TEST_F(ConnectionCountTest, ShrinksAfterAWhileOfLoadThatFewerCarry) {
  after({.usable = 1, .streams = 100, .in_flight = 100, .waiting_since = start}, 20ms);
  const ConnectionCount::Load light{.usable = 2, .streams = 200, .in_flight = 40};
  EXPECT_EQ(after(light, 1s), 2u);
  EXPECT_EQ(after(light, 10s), 2u);
  EXPECT_EQ(after({.usable = 2, .streams = 200, .in_flight = 120}, 10'500ms), 2u);
  EXPECT_EQ(after(light, 11s), 2u) << "the load in between starts the wait anew";
  EXPECT_EQ(after(light, 21s), 1u);
}

class KeepaliveTest : public testing::Test {
 protected:
  using Action = Keepalive::Action;
  Keepalive keepalive{{.ping_after = 20s, .ping_idle = 1h, .ping_timeout = 8s}, start};
};

TEST_F(KeepaliveTest, PingsAfterSilenceWithStreamsOpenAndDropsWhenNothingComes) {
  EXPECT_EQ(keepalive.consider(true, start + 19s), Action::none);
  EXPECT_EQ(keepalive.consider(true, start + 20s), Action::ping);
  EXPECT_EQ(keepalive.consider(true, start + 27s), Action::none);
  EXPECT_EQ(keepalive.consider(true, start + 28s), Action::drop);
}

TEST_F(KeepaliveTest, AnyReadProvesTheConnection) {
  EXPECT_EQ(keepalive.consider(true, start + 20s), Action::ping);
  keepalive.on_read(start + 27s);
  EXPECT_EQ(keepalive.consider(true, start + 28s), Action::none);
  EXPECT_EQ(keepalive.consider(true, start + 47s), Action::ping);
}

TEST_F(KeepaliveTest, AnIdleOneIsPingedRarely) {
  EXPECT_EQ(keepalive.consider(false, start + 59min), Action::none);
  EXPECT_EQ(keepalive.consider(false, start + 60min), Action::ping);
  EXPECT_EQ(keepalive.consider(false, start + 60min + 8s), Action::drop);
}

TEST(AnswerTimeTest, FarSlowerIsFiveTimesAndByAMarginAndProven) {
  AnswerTime fast;
  AnswerTime slow;
  AnswerTime somewhat;
  for (int i = 0; i < 31; ++i) slow.add(2s);
  for (int i = 0; i < 100; ++i) {
    fast.add(10ms);
    somewhat.add(100ms);
  }
  EXPECT_FALSE(slow.is_far_slower_than(fast, 500ms)) << "too few answers to tell";
  slow.add(2s);
  EXPECT_TRUE(slow.is_far_slower_than(fast, 500ms));
  EXPECT_FALSE(fast.is_far_slower_than(slow, 500ms));
  EXPECT_FALSE(somewhat.is_far_slower_than(fast, 500ms)) << "ten times, but a tenth of a second";
}

TEST(AddressBookTest, AddressesInUseComeAfterFreshOnes) {
  AddressBook book;
  const auto a = make_address("192.0.2.1");
  const auto b = make_address("192.0.2.2");
  const auto c = make_address("2001:db8::1");
  const AddressBook::Address in_use[] = {a, a, c};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_THAT(book.order({a, b, c, b}, in_use, seed, start), ElementsAre(b, c, a));
  }
}

TEST(AddressBookTest, EqualsAreShuffled) {
  AddressBook book;
  const auto a = make_address("192.0.2.1");
  const auto b = make_address("192.0.2.2");
  std::set<AddressBook::Address> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto ordered = book.order({a, b}, {}, seed, start);
    EXPECT_THAT(ordered, UnorderedElementsAre(a, b));
    first.insert(ordered.front());
  }
  EXPECT_EQ(first.size(), 2u);
}

TEST(AddressBookTest, AnAddressThatFailedComesLastForAWhile) {
  AddressBook book;
  const auto a = make_address("2001:db8::1");
  const auto b = make_address("192.0.2.2");
  book.note_failure(a, start);
  const AddressBook::Address in_use[] = {b};
  EXPECT_THAT(book.order({a, b}, in_use, 1, start + 1min), ElementsAre(b, a));
  EXPECT_THAT(book.order({a, b}, in_use, 1, start + 11min), ElementsAre(a, b));
  book.note_failure(a, start);
  book.note_success(a);
  EXPECT_THAT(book.order({a, b}, in_use, 1, start + 1min), ElementsAre(a, b));
}

TEST(RefusesCertificateTest, OnlyAlertsAboutOurCertificateDo) {
  const auto refuses = [](ErrorCode code, const char* detail) {
    return refuses_certificate(Error{code, detail});
  };
  EXPECT_TRUE(refuses(ErrorCode::unauthorised, "TLS read: sslv3 alert certificate expired"));
  EXPECT_TRUE(refuses(ErrorCode::unauthorised, "TLS read: sslv3 alert certificate revoked"));
  EXPECT_TRUE(refuses(ErrorCode::unauthorised, "TLS read: sslv3 alert bad certificate"));
  EXPECT_TRUE(refuses(ErrorCode::unauthorised, "TLS read: tlsv13 alert certificate required"));
  EXPECT_TRUE(refuses(ErrorCode::unauthorised, "TLS handshake: tlsv1 alert unknown ca"));
  EXPECT_FALSE(refuses(ErrorCode::unauthorised, "TLS handshake: certificate verify failed"));
  EXPECT_FALSE(refuses(ErrorCode::unauthorised, "TLS handshake: tlsv1 alert internal error"));
  EXPECT_FALSE(refuses(ErrorCode::unavailable, "sslv3 alert certificate expired"));
}

TEST(ClientFiguresTest, LatenciesFallBetweenPowersOfTwo) {
  ClientFigures figures;
  figures.note_latency(0us);
  figures.note_latency(1us);
  figures.note_latency(1'023us);
  figures.note_latency(1'024us);
  figures.note_latency(10h);
  const ClientStatistics statistics = figures.read(0);
  EXPECT_EQ(statistics.latencies[0], 1u);
  EXPECT_EQ(statistics.latencies[1], 1u);
  EXPECT_EQ(statistics.latencies[10], 1u);
  EXPECT_EQ(statistics.latencies[11], 1u);
  EXPECT_EQ(statistics.latencies.back(), 1u);
}

}  // namespace
}  // namespace reveille::apns::test

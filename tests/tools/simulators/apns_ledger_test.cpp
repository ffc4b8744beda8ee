#include "tools/simulators/apns/push_ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace reveille::simulators::apns {
namespace {

class PushLedgerTest : public testing::Test {
 protected:
  void push(const std::string& token, unsigned id, Outcome outcome, std::uint32_t now = 0,
            std::uint32_t connection = 1) {
    const std::string apns_id = fmt::format("6f1c0d7e-4a0b-4a53-9a3e-{:012x}", id);
    ledger.record({.token = mark_of(token),
                   .id = parse_apns_id(apns_id).value(),
                   .connection = connection,
                   .now_milliseconds = now},
                  outcome);
  }
  const PushLedger::Counts& counts() { return ledger.counts(); }

  PushLedger ledger{{.tokens_max = 3'000, .ids_max = 1'000, .repeat_window_milliseconds = 500}};
};

TEST_F(PushLedgerTest, PushesThatGoWellOweNothing) {
  push("aa", 1, Outcome::accepted);
  push("bb", 2, Outcome::accepted);

  EXPECT_EQ(counts().tokens, 2u);
  EXPECT_EQ(counts().tokens_accepted, 2u);
  EXPECT_EQ(counts().owed, 0u);
  EXPECT_EQ(counts().doubles, 0u);
  EXPECT_EQ(counts().repeats, 0u);
}

TEST_F(PushLedgerTest, WhatFailedIsOwedUntilItIsMadeGood) {
  push("aa", 1, Outcome::turned_away);
  push("bb", 2, Outcome::lost);
  push("cc", 3, Outcome::put_off);
  push("dd", 4, Outcome::rejected);
  push("ee", 5, Outcome::accepted_lost);
  EXPECT_EQ(counts().owed, 3u);

  push("aa", 1, Outcome::accepted);
  push("bb", 2, Outcome::put_off);
  push("cc", 3, Outcome::rejected);
  EXPECT_EQ(counts().owed, 1u);
  EXPECT_EQ(counts().doubles, 0u) << "none of these was accepted before";
}

TEST_F(PushLedgerTest, ASecondAcceptanceOfAnIdIsADouble) {
  push("aa", 1, Outcome::accepted, 0);
  push("aa", 1, Outcome::accepted, 10'000);

  EXPECT_EQ(counts().doubles, 1u);
  EXPECT_EQ(counts().doubles_explained, 0u);
}

TEST_F(PushLedgerTest, ADoubleIsExplainedWhenTheAnswerWasLost) {
  push("aa", 1, Outcome::accepted_lost, 0);
  push("aa", 1, Outcome::accepted, 10'000);
  EXPECT_EQ(counts().doubles_explained, 1u);

  push("bb", 2, Outcome::accepted, 0, 7);
  ledger.connection_ended(7, 900);
  push("bb", 2, Outcome::accepted, 10'000, 8);
  EXPECT_EQ(counts().doubles_explained, 2u)
      << "the connection ended before the answer was surely read";

  push("cc", 3, Outcome::accepted, 0, 9);
  ledger.connection_ended(9, 5'000);
  push("cc", 3, Outcome::accepted, 10'000, 8);
  EXPECT_EQ(counts().doubles, 3u);
  EXPECT_EQ(counts().doubles_explained, 2u);
}

TEST_F(PushLedgerTest, ATokenPushedAgainWithinTheWindowIsRepeated) {
  push("aa", 1, Outcome::accepted, 0);
  push("aa", 2, Outcome::accepted, 499);
  push("aa", 3, Outcome::accepted, 1'000);

  EXPECT_EQ(counts().repeats, 1u);
  EXPECT_EQ(counts().tokens_accepted, 1u);
}

TEST_F(PushLedgerTest, AnIdBelongsToOneToken) {
  push("aa", 1, Outcome::turned_away);
  push("bb", 1, Outcome::accepted);

  EXPECT_EQ(counts().ids_misused, 1u);
}

TEST_F(PushLedgerTest, ItsMemoryIsBoundedAndItSaysSo) {
  for (unsigned i = 0; i < 5'000; ++i) {
    push(fmt::format("{:064x}", i), i, Outcome::put_off, 0);
  }
  EXPECT_TRUE(counts().overflowed);
  EXPECT_EQ(counts().tokens, 3'000u);
  EXPECT_EQ(counts().owed, 3'000u);

  push(fmt::format("{:064x}", 7), 7, Outcome::accepted, 0);
  EXPECT_EQ(counts().owed, 2'999u) << "those it knows it goes on to follow";
}

TEST(RecentIds, RemembersTheNewestAndForgetsTheOldest) {
  RecentIds ids(1'000);
  for (std::uint64_t i = 1; i <= 2'500; ++i) ids.add({.id = {.high = i, .low = i * 7}});

  EXPECT_NE(ids.find({.high = 2'500, .low = 2'500 * 7}), nullptr);
  EXPECT_NE(ids.find({.high = 1'501, .low = 1'501 * 7}), nullptr);
  EXPECT_EQ(ids.find({.high = 1, .low = 7}), nullptr);
}

TEST(ApnsId, IsACanonicalUuidAndNothingElse) {
  const auto id = parse_apns_id("6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa11");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->high, 0x6f1c0d7e4a0b4a53u);
  EXPECT_EQ(id->low, 0x9a3e0b1d9a52aa11u);
  for (const char* text :
       {"", "6F1C0D7E-4a0b-4a53-9a3e-0b1d9a52aa11", "6f1c0d7e4a0b4a539a3e0b1d9a52aa11",
        "6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa1", "6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa1g",
        "6f1c0d7e04a0b-4a53-9a3e-0b1d9a52aa11"}) {
    EXPECT_FALSE(parse_apns_id(text).has_value()) << text;
  }
}

TEST(TokenMark, DiffersForTokensThatDiffer) {
  EXPECT_NE(mark_of("00ff"), mark_of("00fe"));
  EXPECT_NE(mark_of("00"), mark_of("0000"));
  EXPECT_NE(mark_of(std::string(64, 'a')), mark_of(std::string(64, 'a') + "00"));
  EXPECT_EQ(mark_of("00ff10"), mark_of("00ff10"));
}

}  // namespace
}  // namespace reveille::simulators::apns

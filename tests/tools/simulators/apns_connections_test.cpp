#include <gmock/gmock.h>

#include "tests/tools/simulators/apns_server_fixture.h"

// What a provider sees of its connections, and how that changes with the phases.
namespace reveille::simulators::apns::test {
namespace {

using http::StreamFailure;
using testing::ElementsAre;
using testing::HasSubstr;

class ApnsConnections : public ApnsServerTest {};

TEST_F(ApnsConnections, StayInTheFirstPhaseUntilTheDayStarts) {
  open("starts = \"with_first_push\"\n[[phase]]\nduration_seconds = 0.02\n[[phase]]\n");
  const auto provider = connected();
  turn(std::chrono::milliseconds(100));
  EXPECT_EQ(server_->phase_name(), "phase 1");
  provider->push(1);
  until([&] { return server_->phase_name() == "phase 2"; });
  EXPECT_EQ(report().phases[0].requests, 1u);
}

TEST_F(ApnsConnections, AreTakenLeaveOfAfterSomeStreams) {
  open(
      "[always.goaway]\nafter_streams = 3\nleaves = 2\nreason = \"Shutdown\"\n"
      "[always.latency]\nfixed_ms = 20");
  const auto provider = connected();
  for (std::uint64_t number = 1; number <= 5; ++number) provider->push(number);
  until([&] { return provider->ended; });

  // Which streams are open by then is up to the provider's order of frames.
  EXPECT_EQ(provider->responses.size() + provider->failures.size(), 5u);
  EXPECT_GE(provider->failures.size(), 2u);
  EXPECT_GE(provider->responses.size(), 1u);
  for (const auto& [number, failure] : provider->failures) {
    EXPECT_EQ(failure, StreamFailure::refused) << number;
  }
  EXPECT_THAT(provider->goaways, ElementsAre("0 {\"reason\":\"Shutdown\"}"));
  EXPECT_EQ(provider->problem, "") << "closed in order";
  EXPECT_EQ(report().turned_away, provider->failures.size());
  EXPECT_EQ(report().ledger.owed, provider->failures.size());
}

TEST_F(ApnsConnections, AreTakenLeaveOfAfterSomeTimeWithTwoGoAways) {
  open(
      "[always.goaway]\nafter_seconds = 0.02\nannounced = true\nsecond_after_ms = 20\n"
      "reason = \"\"\ncode = \"INTERNAL_ERROR\"\nthen = \"linger\"\n[[always.push]]\ndo = "
      "\"stall\"");
  const auto provider = connected();
  provider->push(1);
  until([&] { return provider->goaways.size() == 2; });

  EXPECT_THAT(provider->goaways, ElementsAre("0 ", "2 "));
  turn(std::chrono::milliseconds(30));
  EXPECT_FALSE(provider->ended);
  EXPECT_EQ(report().goaways_sent, 2u);
}

TEST_F(ApnsConnections, MayEndRightAfterAGoAway) {
  open("[always.goaway]\nafter_streams = 2\nthen = \"cut\"\n[[always.push]]\ndo = \"stall\"");
  const auto provider = connected();
  provider->push(1);
  provider->push(2);
  until([&] { return provider->ended; });

  EXPECT_EQ(provider->goaways.size(), 1u);
  EXPECT_EQ(provider->failures.size(), 2u);
  EXPECT_NE(provider->problem, "");
}

TEST_F(ApnsConnections, GoSilentAndDoNotAnswerPings) {
  open("[always.connection]\nhalf_open = \"answers_nothing\"\nhalf_open_after_seconds = 0.05");
  const auto provider = connected();
  provider->push(1);
  until([&] { return provider->responses.size() == 1; });
  until([&] { return report().half_open == 1; });
  provider->push(2);
  provider->ping();
  until([&] { return report().pings == 1; });
  turn(std::chrono::milliseconds(30));

  EXPECT_EQ(provider->responses.size(), 1u);
  EXPECT_EQ(provider->pongs, 0);
  EXPECT_FALSE(provider->ended);
  provider->close();
  until([&] { return report().connections_open == 0; });
  EXPECT_EQ(report().ledger.owed, 1u);
}

TEST_F(ApnsConnections, GoSilentWithoutReading) {
  open("[always.connection]\nhalf_open = \"reads_nothing\"");
  const auto provider = connected();
  until([&] { return report().half_open == 1; });
  turn(std::chrono::milliseconds(5));
  // What was on its way to be read when it went silent may still be.
  provider->push(1);
  turn(std::chrono::milliseconds(10));
  provider->push(2);
  turn(std::chrono::milliseconds(30));

  EXPECT_LE(report().requests, 1u);
  EXPECT_FALSE(provider->responses.contains(2));
  EXPECT_FALSE(provider->ended);
}

TEST_F(ApnsConnections, RecoverWithTheNextPhaseAndAnswerWhatTheyHeld) {
  open(R"(
starts = "with_first_push"
[[phase]]
duration_seconds = 0.15
[phase.connection]
half_open = "answers_nothing"
[[phase]]
[phase.connection]
half_open = "no"
)");
  const auto provider = connected();
  until([&] { return report().half_open == 1; });
  provider->push(1);
  until([&] { return report().requests == 1; });
  EXPECT_EQ(provider->responses.size(), 0u);
  until([&] { return provider->responses.size() == 1; });

  EXPECT_EQ(server_->phase_name(), "phase 2");
  EXPECT_EQ(report().phases[0].requests, 1u);
  EXPECT_EQ(report().phases[1].accepted, 1u);
}

TEST_F(ApnsConnections, LeavePingsAloneWhenTold) {
  open("[always.connection]\nanswers_pings = false");
  const auto provider = connected();
  provider->ping();
  provider->push(1);
  until([&] { return provider->responses.size() == 1 && report().pings == 1; });
  EXPECT_EQ(provider->pongs, 0);
}

TEST_F(ApnsConnections, AreCutAtAnyByteSent) {
  for (const int bytes : {100, 101, 250}) {
    open("[always.connection]\ncut_after_bytes = " + std::to_string(bytes));
    const auto provider = connected();
    for (std::uint64_t number = 1; number <= 20; ++number) provider->push(number);
    until([&] { return provider->ended; });

    EXPECT_EQ(provider->bytes_read, static_cast<std::uint64_t>(bytes));
    EXPECT_NE(provider->problem, "");
    server_.reset();
  }
}

TEST_F(ApnsConnections, AreCutOrResetAfterBytesRead) {
  for (const char* how : {"end", "reset"}) {
    open(std::string("[always.connection]\ncut_after_bytes_read = 600\ncut = \"") + how + "\"");
    const auto provider = connected();
    for (std::uint64_t number = 1; number <= 20; ++number) provider->push(number);
    until([&] { return provider->ended; });
    EXPECT_NE(provider->problem, "") << how;
    EXPECT_EQ(report().cut, 1u);
    server_.reset();
  }
}

TEST_F(ApnsConnections, HaveFaultsInTheirShare) {
  open("[always.connection]\nshare = 0.5\nanswers_pings = false");
  int answered = 0;
  for (int i = 0; i < 40; ++i) {
    const auto provider = connected();
    provider->ping();
    const std::uint64_t before = report().pings;
    until([&] { return report().pings == before + 1; });
    turn(std::chrono::milliseconds(2));
    answered += provider->pongs;
    provider->close();
  }
  EXPECT_GT(answered, 8);
  EXPECT_LT(answered, 32);
}

TEST_F(ApnsConnections, HearOfLoweredAndRaisedLimits) {
  open(R"(
[[always.push]]
do = "stall"
[[phase]]
duration_seconds = 0.1
[phase.settings]
streams_max = 4
[[phase]]
duration_seconds = 0.1
[phase.settings]
streams_max = 1
[[phase]]
[phase.settings]
streams_max = 9
)");
  const auto provider = connected();
  EXPECT_EQ(provider->session.capacity(), 4u);
  until([&] { return provider->session.capacity() == 1; });
  until([&] { return provider->session.capacity() == 9; });
  EXPECT_THAT(report().broken_rules, ElementsAre());
}

TEST_F(ApnsConnections, StarveForWindowsUntilLateOnesCome) {
  open(
      "[always.settings]\nstream_window_bytes = 6\nwindow_updates = \"late\"\n"
      "window_update_delay_ms = 15");
  const auto provider = connected();
  const auto start = std::chrono::steady_clock::now();
  provider->push(1);  // 18 bytes
  until([&] { return provider->responses.size() == 1; });
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(25));
}

TEST_F(ApnsConnections, StarveForEverWhenNoWindowsCome) {
  open("[always.settings]\nstream_window_bytes = 6\nwindow_updates = \"never\"");
  const auto provider = connected();
  provider->push(1);
  turn(std::chrono::milliseconds(50));
  EXPECT_EQ(report().requests, 0u);
  EXPECT_EQ(provider->responses.size(), 0u);
}

TEST_F(ApnsConnections, AreCutAndRefusedWhileAppleRestarts) {
  open(R"(
[[phase]]
duration_seconds = 0.1
[[phase]]
duration_seconds = 0.15
listening = false
connections = "cut"
[[phase]]
)");
  const auto first = connected();
  until([&] { return first->ended; });
  const auto second = connect();
  until([&] { return second->ended; });
  EXPECT_THAT(second->problem, HasSubstr("connect"));

  until([&] { return server_->phase_name() == "phase 3"; });
  const auto third = connected();
  third->push(1);
  until([&] { return third->responses.size() == 1; });
  EXPECT_EQ(report().phases[2].accepted, 1u);
}

TEST_F(ApnsConnections, AreTakenLeaveOfWhenAPhaseSaysSo) {
  open("[[phase]]\nduration_seconds = 0.1\n[[phase]]\nconnections = \"goaway\"");
  const auto provider = connected();
  until([&] { return provider->ended; });
  EXPECT_EQ(provider->goaways.size(), 1u);
  EXPECT_EQ(provider->problem, "");
}

TEST_F(ApnsConnections, FallSilentAtAnyByteSentUntilTheNextPhase) {
  for (const int bytes : {100, 101, 250}) {
    open("starts = \"with_first_push\"\n[[phase]]\nduration_seconds = 0.2\n[phase.connection]\nstall_after_bytes = " +
         std::to_string(bytes) + "\n[[phase]]\n");
    const auto provider = connected();
    for (std::uint64_t number = 1; number <= 20; ++number) provider->push(number);
    until([&] { return report().requests == 20; });
    turn(std::chrono::milliseconds(20));

    EXPECT_EQ(provider->bytes_read, static_cast<std::uint64_t>(bytes));
    EXPECT_FALSE(provider->ended);
    until([&] { return provider->responses.size() == 20; });
    EXPECT_EQ(provider->failures.size(), 0u);
    server_.reset();
  }
}

TEST_F(ApnsConnections, ACutThatAPhaseHadInStoreEndsWithIt) {
  open(
      "[[phase]]\nduration_seconds = 0.1\n[phase.connection]\ncut_after_bytes = 300\n"
      "[[phase]]\n");
  const auto provider = connected();
  until([&] { return server_->phase_name() == "phase 2"; });
  for (std::uint64_t number = 1; number <= 20; ++number) provider->push(number);
  until([&] { return provider->responses.size() == 20; });
  EXPECT_EQ(report().cut, 0u);
}

}  // namespace
}  // namespace reveille::simulators::apns::test

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/tools/simulators/apns_server_fixture.h"

// What a provider sees of single pushes.
namespace reveille::simulators::apns::test {
namespace {

using http::StreamFailure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Clock = std::chrono::steady_clock;

class ApnsPushes : public ApnsServerTest {};

TEST_F(ApnsPushes, AreAcceptedAndNothingIsOwed) {
  open("");
  const auto provider = connected();
  for (std::uint64_t number = 1; number <= 500; ++number) provider->push(number);
  until([&] { return provider->responses.size() == 500; });

  EXPECT_TRUE(std::ranges::all_of(provider->responses,
                                  [](const auto& each) { return each.second.status == 200; }));
  EXPECT_EQ(report().accepted, 500u);
  EXPECT_EQ(report().ledger.tokens_accepted, 500u);
  EXPECT_EQ(report().ledger.owed, 0u);
  EXPECT_THAT(report().broken_rules, ElementsAre());
  EXPECT_EQ(report().connections_open, 1u);
}

TEST_F(ApnsPushes, WithoutACertificateAreForbidden) {
  open("");
  const auto provider = connect(false);
  until([&] { return provider->ready; });
  provider->push(1);
  until([&] { return provider->responses.contains(1); });

  EXPECT_EQ(provider->responses[1].status, 403);
  EXPECT_EQ(body_reason(provider->responses[1]), "MissingProviderToken");
}

TEST_F(ApnsPushes, AreAnsweredAsTheScenarioSaysByToken) {
  open(R"(
[[always.push]]
do = "answer"
tokens = ["aa*"]
reason = "TooManyRequests"
retry_after_seconds = 7
[[always.push]]
do = "answer"
tokens = ["bb"]
reason = "Unregistered"
unregistered_seconds_ago = 3600
[[always.push]]
do = "answer"
tokens = ["cc"]
reason = "Unregistered"
unregistered_seconds_ago = -3600
[[always.push]]
do = "answer"
tokens = ["dd"]
status = 500
body = "none"
[[always.push]]
do = "answer"
tokens = ["ee"]
status = 502
body = "text"
[[always.push]]
do = "answer"
tokens = ["ff"]
status = 400
body = "unknown_reason"
)");
  const auto provider = connected();
  provider->push(1, "aa01");
  provider->push(2, "bb");
  provider->push(3, "cc");
  provider->push(4, "dd");
  provider->push(5, "ee");
  provider->push(6, "ff");
  provider->push(7, "00");
  until([&] { return provider->responses.size() == 7; });

  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto timestamp = [&](Tag tag) {
    const std::string& body = provider->responses[tag].body;
    return std::stoll(body.substr(body.find("timestamp\":") + 11)) - now;
  };
  EXPECT_EQ(provider->responses[1].status, 429);
  EXPECT_EQ(provider->responses[1].header("retry-after"), "7");
  EXPECT_EQ(provider->responses[2].status, 410);
  EXPECT_NEAR(static_cast<double>(timestamp(2)), -3'600'000, 60'000);
  EXPECT_NEAR(static_cast<double>(timestamp(3)), 3'600'000, 60'000);
  EXPECT_EQ(provider->responses[4].status, 500);
  EXPECT_EQ(provider->responses[4].body, "");
  EXPECT_EQ(provider->responses[5].status, 502);
  EXPECT_THAT(provider->responses[5].body, HasSubstr("<html>"));
  EXPECT_EQ(body_reason(provider->responses[6]), "NobodyHasHeardOfThis");
  EXPECT_EQ(provider->responses[7].status, 200);
  EXPECT_EQ(report().ledger.owed, 3u) << "429, 500 and 502 ask for another push";
}

TEST_F(ApnsPushes, HaveFaultsAtTheirRateAndNoMoreThanTheirTimes) {
  open(R"(
[[always.push]]
do = "answer"
rate = 0.5
reason = "InternalServerError"
[[always.push]]
do = "answer"
times = 3
reason = "Shutdown"
)");
  const auto provider = connected();
  for (std::uint64_t number = 1; number <= 900; ++number) provider->push(number);
  until([&] { return provider->responses.size() == 900; });

  EXPECT_NEAR(static_cast<double>(report().by_reason.at("InternalServerError")), 450, 75);
  EXPECT_EQ(report().by_reason.at("Shutdown"), 3u);
}

TEST_F(ApnsPushes, AreRefusedResetOrNeverAnswered) {
  open(R"(
[[always.push]]
do = "refuse"
tokens = ["aa"]
[[always.push]]
do = "reset"
tokens = ["bb"]
code = "ENHANCE_YOUR_CALM"
[[always.push]]
do = "stall"
tokens = ["cc"]
)");
  const auto provider = connected();
  provider->push(1, "aa");
  provider->push(2, "bb");
  provider->push(3, "cc");
  provider->push(4, "dd");
  until([&] { return provider->responses.size() == 1 && provider->failures.size() == 2; });

  EXPECT_THAT(provider->failures,
              ElementsAre(Pair(1, StreamFailure::refused), Pair(2, StreamFailure::reset)));
  EXPECT_EQ(provider->session.open_streams(), 1u);
  EXPECT_EQ(report().ledger.owed, 3u);
  provider->push(5, "aa", "6f1c0d7e-4a0b-4a53-9a3e-000000000001");
  until([&] { return provider->failures.size() == 3; });
  EXPECT_EQ(report().ledger.doubles, 0u);
}

TEST_F(ApnsPushes, ThatWereProcessedInSpiteOfAResetAreDoublesNobodyCanAvoid) {
  open(R"(
[[always.push]]
do = "reset"
times = 1
processed = true
)");
  const auto provider = connected();
  provider->push(1, "aa");
  until([&] { return provider->failures.size() == 1; });
  EXPECT_EQ(report().accepted, 1u);
  EXPECT_EQ(report().ledger.owed, 0u);

  provider->push(2, "aa", "6f1c0d7e-4a0b-4a53-9a3e-000000000001");
  until([&] { return provider->responses.size() == 1; });
  EXPECT_EQ(report().ledger.doubles, 1u);
  EXPECT_EQ(report().ledger.doubles_explained, 1u);
  EXPECT_EQ(report().ledger.repeats, 1u);
}

TEST_F(ApnsPushes, SentAgainForNoReasonAreDoubles) {
  open("");
  const auto provider = connected();
  provider->push(1, "aa");
  until([&] { return provider->responses.size() == 1; });
  provider->push(2, "aa", "6f1c0d7e-4a0b-4a53-9a3e-000000000001");
  provider->push(3, "bb", "6f1c0d7e-4a0b-4a53-9a3e-000000000001");
  until([&] { return provider->responses.size() == 3; });

  EXPECT_EQ(report().ledger.doubles, 2u);
  EXPECT_EQ(report().ledger.doubles_explained, 0u);
  EXPECT_EQ(report().ledger.ids_misused, 1u);
}

TEST_F(ApnsPushes, AreAnsweredLateAndInTheOrderOfTheirTime) {
  open("[always.latency]\nuniform_ms = [5, 40]");
  const auto provider = connected();
  const auto start = Clock::now();
  for (std::uint64_t number = 1; number <= 50; ++number) provider->push(number);
  until([&] { return provider->responses.size() == 50; });

  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(20));
  EXPECT_FALSE(std::ranges::is_sorted(provider->order));
  EXPECT_GE(report().time_to_answer.percentile(0.5), std::chrono::milliseconds(5));
}

TEST_F(ApnsPushes, AreCutAmidTheirAnswer) {
  for (const int bytes : {0, 1, 8, 9, 10, 40, 55}) {
    open("[[always.push]]\ndo = \"cut\"\ntokens = [\"bb\"]\nanswer_bytes = " +
         std::to_string(bytes));
    const auto provider = connected();
    provider->push(1, "aa");
    until([&] { return provider->responses.size() == 1; });
    const std::uint64_t before = provider->bytes_read;
    provider->push(2, "bb");
    until([&] { return provider->ended; });

    EXPECT_EQ(provider->bytes_read - before, static_cast<std::uint64_t>(bytes));
    EXPECT_EQ(provider->failures[2], StreamFailure::lost) << bytes;
    EXPECT_NE(provider->problem, "") << "no close_notify";
    EXPECT_EQ(report().cut, 1u);
    EXPECT_EQ(report().ledger.owed, 1u);
    server_.reset();
  }
}

TEST_F(ApnsPushes, MayHaveAnAnswerThatStopsAmidItsBytes) {
  for (const int bytes : {1, 9, 55}) {
    open(
        "[[phase]]\nduration_seconds = 0.2\n[[phase.push]]\ndo = \"stall\"\ntokens = [\"bb\"]\n"
        "answer_bytes = " +
        std::to_string(bytes) + "\n[[phase]]\n");
    const auto provider = connected();
    provider->push(1, "aa");
    until([&] { return provider->responses.size() == 1; });
    const std::uint64_t before = provider->bytes_read;
    provider->push(2, "bb");
    provider->push(3, "cc");
    until([&] { return report().requests == 3; });
    turn(std::chrono::milliseconds(10));

    EXPECT_EQ(provider->bytes_read - before, static_cast<std::uint64_t>(bytes));
    EXPECT_FALSE(provider->ended);
    EXPECT_EQ(report().stalled, 1u);
    until([&] { return provider->responses.size() == 3; });
    EXPECT_EQ(report().ledger.owed, 0u) << "what was answered after all was accepted";
    server_.reset();
  }
}

TEST_F(ApnsPushes, HaveTheirTimesOverAllConnectionsAndAnewInEachPhase) {
  open(R"(
[[always.push]]
do = "refuse"
times = 3
[[phase]]
duration_seconds = 0.3
[[phase]]
)");
  const auto first = connected();
  const auto second = connected();
  for (std::uint64_t number = 1; number <= 5; ++number) {
    (number % 2 == 0 ? first : second)->push(number);
  }
  until([&] { return report().requests == 5; });
  EXPECT_EQ(report().refused, 3u);

  until([&] { return server_->phase_name() == "phase 2"; });
  for (std::uint64_t number = 6; number <= 10; ++number) first->push(number);
  until([&] { return report().requests == 10; });
  EXPECT_EQ(report().refused, 6u);
}

TEST_F(ApnsPushes, HaveTheSameFateWithTheSameSeed) {
  const auto fates = [this](const std::string& seed) {
    open("seed = " + seed + R"(
[[always.push]]
do = "refuse"
rate = 0.2
[[always.push]]
do = "answer"
rate = 0.2
reason = "ServiceUnavailable"
)");
    const auto provider = connected();
    for (std::uint64_t number = 1; number <= 200; ++number) provider->push(number);
    until([&] { return provider->responses.size() + provider->failures.size() == 200; });
    std::map<Tag, int> fate;
    for (const auto& [tag, response] : provider->responses) fate[tag] = response.status;
    server_.reset();
    return fate;
  };
  const auto first = fates("5");
  EXPECT_EQ(fates("5"), first);
  EXPECT_NE(fates("6"), first);
}

TEST_F(ApnsPushes, ThatAProviderWithdrawsAreOwed) {
  open("[[always.push]]\ndo = \"stall\"");
  const auto provider = connected();
  provider->push(1);
  until([&] { return report().stalled == 1; });
  provider->cancel(1);
  until([&] { return report().withdrawn == 1; });
  EXPECT_EQ(report().ledger.owed, 1u);
}

}  // namespace
}  // namespace reveille::simulators::apns::test

#include "tools/simulators/apns/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::expected<Scenario, std::vector<std::string>> parsed(std::string_view text,
                                                         const Behaviour& base = {}) {
  return parse_scenario(text, "/tests/day.toml", base);
}

Scenario day(std::string_view text, const Behaviour& base = {}) {
  auto scenario = parsed(text, base);
  if (scenario) return *std::move(scenario);
  ADD_FAILURE() << testing::PrintToString(scenario.error());
  return Scenario::always({});
}

TEST(Scenario, TheExampleIsOneAndShowsEveryKey) {
  const Scenario example = day(example_scenario());

  ASSERT_EQ(example.phases.size(), 4u);
  EXPECT_EQ(example.phases[0].name, "quiet");
  EXPECT_EQ(example.phases[0].behaviour.pushes.size(), 5u);
  EXPECT_EQ(example.phases[0].behaviour.settings.streams_max, 1000u);
  EXPECT_EQ(example.phases[1].behaviour.settings.streams_max, 10u);
  EXPECT_FALSE(example.phases[2].listening);
  EXPECT_EQ(example.phases[2].connections, Phase::Connections::cut);
  EXPECT_TRUE(example.phases[3].listening);
}

// An unknown key is answered with the list of those that exist: each must stand in the example.
TEST(Scenario, StartsAtOnceOrWithTheFirstPush) {
  EXPECT_EQ(day("").starts, Scenario::Starts::at_once);
  EXPECT_EQ(day("starts = \"with_first_push\"\n").starts, Scenario::Starts::with_first_push);
  EXPECT_THAT(parsed("starts = \"later\"\n").error(),
              ElementsAre(HasSubstr(":1: starts must be one of at_once, with_first_push")));
}

TEST(Scenario, TheExampleLeavesOutNoKeyOfATable) {
  for (const char* table : {"always.settings", "always.latency", "always.goaway",
                            "always.connection", "always.handshake"}) {
    const auto scenario = parsed(std::string("[") + table + "]\nwrong = 1\n");
    ASSERT_FALSE(scenario.has_value()) << table;
    const std::string& sentence = scenario.error().at(0);
    std::string keys = sentence.substr(sentence.find("; use ") + 6) + ", ";
    ASSERT_GT(keys.size(), 10u) << sentence;
    while (!keys.empty()) {
      const std::string key = keys.substr(0, keys.find(", "));
      EXPECT_THAT(example_scenario(), HasSubstr(key + " = ")) << table;
      keys.erase(0, key.size() + 2);
    }
  }
}

TEST(Scenario, TheExampleStandsInTheReference) {
  std::ifstream page(std::string(REVEILLE_TESTDATA) + "/../../docs/simulators.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  ASSERT_GT(text.size(), 0u);
  EXPECT_NE(text.find("```toml\n" + std::string(example_scenario()) + "```\n"), std::string::npos)
      << "put the output of reveille-apns --print-example-scenario there";
}

TEST(Scenario, AnEmptyFileIsAGoodDay) {
  const Scenario scenario = day("");
  ASSERT_EQ(scenario.phases.size(), 1u);
  EXPECT_TRUE(scenario.phases[0].behaviour.pushes.empty());
  EXPECT_TRUE(scenario.phases[0].behaviour.latency.none());
}

TEST(Scenario, APhaseIsAsAlwaysSaysUnlessItSaysOtherwise) {
  Behaviour base;
  base.settings.streams_max = 50;
  base.goaway.after_streams = 9;
  const Scenario scenario = day(R"(
[always.settings]
stream_window_bytes = 100
[always.goaway]
leaves = 2
[[always.push]]
do = "refuse"
[[phase]]
duration_seconds = 1.5
[phase.settings]
streams_max = 7
[[phase]]
[[phase.push]]
do = "stall"
[[phase.push]]
do = "cut"
)",
                                base);

  ASSERT_EQ(scenario.phases.size(), 2u);
  const Behaviour& first = scenario.phases[0].behaviour;
  EXPECT_EQ(scenario.phases[0].duration, Milliseconds(1'500));
  EXPECT_EQ(scenario.phases[0].name, "phase 1");
  EXPECT_EQ(first.settings.streams_max, 7u);
  EXPECT_EQ(first.settings.stream_window_bytes, 100u);
  EXPECT_EQ(first.goaway.after_streams, 9u);
  EXPECT_EQ(first.goaway.leaves, 2u);
  EXPECT_EQ(first.pushes.size(), 1u);
  const Behaviour& second = scenario.phases[1].behaviour;
  EXPECT_EQ(second.settings.streams_max, 50u);
  ASSERT_EQ(second.pushes.size(), 2u);
  EXPECT_EQ(second.pushes[0].kind, PushFault::Kind::stall);
}

TEST(Scenario, AnAnswerIsReadWholly) {
  const Scenario scenario = day(R"(
[[always.push]]
do = "answer"
rate = 0.5
tokens = ["00ff*"]
times = 3
reason = "Unregistered"
body = "none"
unregistered_seconds_ago = -60
retry_after_seconds = 30
[[always.push]]
do = "reset"
code = "CANCEL"
processed = true
)");
  const PushFault& answer = scenario.phases[0].behaviour.pushes.at(0);
  EXPECT_EQ(answer.rate, 0.5);
  EXPECT_TRUE(answer.tokens.matches("00ff11"));
  EXPECT_FALSE(answer.tokens.matches("11"));
  EXPECT_EQ(answer.times, 3u);
  EXPECT_EQ(answer.reason, Reason::unregistered);
  EXPECT_EQ(answer.status, 410);
  EXPECT_EQ(answer.body, PushFault::Body::none);
  EXPECT_EQ(answer.unregistered_before, seconds(-60));
  EXPECT_EQ(answer.retry_after_seconds, 30);
  const PushFault& reset = scenario.phases[0].behaviour.pushes.at(1);
  EXPECT_EQ(reset.error_code, 8u);
  EXPECT_TRUE(reset.processed);
}

TEST(Scenario, FilesAreRelativeToIt) {
  const Scenario scenario = day(R"(
[always.handshake]
certificate = "other"
certificate_file = "old.pem"
key_file = "/etc/old.key"
)");
  EXPECT_EQ(scenario.phases[0].behaviour.handshake.certificate_file, "/tests/old.pem");
  EXPECT_EQ(scenario.phases[0].behaviour.handshake.key_file, "/etc/old.key");
}

TEST(Scenario, LateWindowsHaveADelayAndNeverHasNone) {
  const auto delay = [](const std::string& text) {
    return day("[always.settings]\n" + text).phases[0].behaviour.window_update_delay;
  };
  EXPECT_EQ(delay(""), std::nullopt);
  EXPECT_EQ(delay("window_updates = \"late\"\nwindow_update_delay_ms = 20"), Milliseconds(20));
  EXPECT_EQ(delay("window_updates = \"never\""), std::nullopt);
  EXPECT_EQ(day("[always.settings]\nwindow_updates = \"never\"")
                .phases[0]
                .behaviour.settings.window_updates,
            wire::SessionSettings::WindowUpdates::held);
}

// ---- mistakes ----

struct Mistake {
  const char* name;
  const char* text;
  unsigned line;
  const char* says;
};

class ScenarioMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ScenarioMistake, IsNamedWithItsLineAndHowToMendIt) {
  const auto scenario = parsed(GetParam().text);

  ASSERT_FALSE(scenario.has_value());
  EXPECT_THAT(scenario.error().at(0),
              StartsWith("/tests/day.toml:" + std::to_string(GetParam().line) + ": "));
  EXPECT_THAT(scenario.error().at(0), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ScenarioMistake,
    testing::Values(
        Mistake{"NoToml", "\nseed = \n", 2, "this is no TOML"},
        Mistake{"UnknownRoot", "\nsead = 1", 2, "there is no key sead; use seed, repeat, starts, always"},
        Mistake{"UnknownTable", "[always.setings]\n", 1, "there is no key always.setings"},
        Mistake{"UnknownKey", "[always.settings]\nstream_max = 1", 2,
                "there is no key always.settings.stream_max"},
        Mistake{"NoTable", "[always]\nsettings = 3", 2, "write [always.settings]"},
        Mistake{"NoList", "[phase]\nname = \"x\"", 1, "write [[phase]]"},
        Mistake{"Seed", "seed = -1", 1, "seed must be a whole number"},
        Mistake{"Text", "[[phase]]\nname = 3", 2, "must be text in quotation marks"},
        Mistake{"Flag", "repeat = 1", 1, "must be true or false"},
        Mistake{"Range", "[always.settings]\nconnection_window_bytes = 10", 2,
                "from 65535 to 2147483647, not 10"},
        Mistake{"Window", "[always.settings]\nwindow_updates = \"soon\"", 2,
                "must be one of half, each, late, never, not \"soon\""},
        Mistake{"ChoiceType", "[always.goaway]\nthen = 1", 2, "must be text"},
        Mistake{"Seconds", "[always.goaway]\nafter_seconds = \"1\"", 2,
                "must be a number of seconds"},
        Mistake{"Code", "[always.goaway]\ncode = \"OOPS\"", 2, "such as \"CANCEL\" or 8"},
        Mistake{"Share", "[always.connection]\nshare = 1.5", 2, "from 0 to 1"},
        Mistake{"HalfOpen", "[always.connection]\nhalf_open = true", 2, "must be text"},
        Mistake{"Alert", "[always.handshake]\nalert = \"sad\"", 2, "certificate_expired"},
        Mistake{"Other", "[always.handshake]\ncertificate = \"other\"", 2, "certificate_file"},
        Mistake{"Uniform", "[always.latency]\nuniform_ms = [5]", 2, "two numbers"},
        Mistake{"UniformOrder", "[always.latency]\nuniform_ms = [5, 4]", 2, "two numbers"},
        Mistake{"UniformNoList", "[always.latency]\nuniform_ms = 5", 2, "must be a list"},
        Mistake{"Lognormal", "[always.latency]\nlognormal_ms = { median = 5 }", 2,
                "needs a median"},
        Mistake{"LognormalKey", "[always.latency]\nlognormal_ms = { median = 5, p99 = 9, p9 = 1 }",
                2, "there is no key always.latency.lognormal_ms.p9"},
        Mistake{"Percentiles", "[always.latency]\npercentiles_ms = [[0.5, 10], [0.4, 20]]", 2,
                "rise in both"},
        Mistake{"PercentilePair", "[always.latency]\npercentiles_ms = [[0.5]]", 2, "pairs"},
        Mistake{"TwoLatencies", "[always.latency]\nfixed_ms = 1\nuniform_ms = [1, 2]", 2,
                "keep one of them"},
        Mistake{"NoDo", "[[always.push]]\nrate = 0.1", 1, "push.do is missing"},
        Mistake{"Do", "[[always.push]]\ndo = \"sleep\"", 2, "answer, refuse, reset, stall, cut"},
        Mistake{"Rate", "[[always.push]]\ndo = \"stall\"\nrate = 2", 3, "from 0 to 1"},
        Mistake{"Tokens", "[[always.push]]\ndo = \"stall\"\ntokens = [\"XY\"]", 3,
                "lower-case hexadecimal"},
        Mistake{"TokensType", "[[always.push]]\ndo = \"stall\"\ntokens = [7]", 3,
                "must be a list of texts"},
        Mistake{"Reason", "[[always.push]]\ndo = \"answer\"\nreason = \"Tired\"", 3,
                "none that APNs gives"},
        Mistake{"Status", "[[always.push]]\ndo = \"answer\"\nstatus = 200", 3, "from 400 to 599"},
        Mistake{"OtherKindsKey", "[[always.push]]\ndo = \"stall\"\nreason = \"Shutdown\"", 3,
                "there is no key always.push.reason"},
        Mistake{"NoDuration", "[[phase]]\nname = \"a\"\n[[phase]]", 1,
                "duration_seconds is missing"},
        Mistake{"RepeatNothing", "repeat = true", 1, "needs phases"},
        Mistake{"RepeatForEver", "repeat = true\n[[phase]]\nname = \"a\"", 2, "is missing"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Scenario, AllMistakesAreToldAtOnceInTheOrderOfTheirLines) {
  const auto scenario = parsed("repeat = 3\n[always.settings]\nstreams_max = \"x\"\nnew = 1\n");
  ASSERT_FALSE(scenario.has_value());
  EXPECT_THAT(scenario.error(), ElementsAre(HasSubstr(":1:"), HasSubstr(":3:"), HasSubstr(":4:")));
}

TEST(Scenario, AFileThatCannotBeReadIsNamed) {
  const auto scenario = load_scenario("/nowhere/day.toml", {});
  ASSERT_FALSE(scenario.has_value());
  EXPECT_THAT(scenario.error().at(0), HasSubstr("/nowhere/day.toml: cannot be read"));
}

// ---- time ----

Scenario three_phases(bool repeat) {
  Scenario scenario;
  scenario.repeat = repeat;
  for (const int duration : {10, 5, 1}) {
    Phase phase;
    phase.duration = seconds(duration);
    scenario.phases.push_back(phase);
  }
  return scenario;
}

TEST(Position, FollowsThePhasesAndStaysInTheLast) {
  const Scenario scenario = three_phases(false);
  EXPECT_EQ(position_at(scenario, seconds(0)), (Position{0, seconds(10)}));
  EXPECT_EQ(position_at(scenario, Milliseconds(9'999)), (Position{0, seconds(10)}));
  EXPECT_EQ(position_at(scenario, seconds(10)), (Position{1, seconds(15)}));
  EXPECT_EQ(position_at(scenario, seconds(15)), (Position{2, std::nullopt}));
  EXPECT_EQ(position_at(scenario, seconds(1'000)), (Position{2, std::nullopt}));
}

TEST(Position, BeginsAgainWhenTheDayRepeats) {
  const Scenario scenario = three_phases(true);
  EXPECT_EQ(position_at(scenario, seconds(15)), (Position{2, seconds(16)}));
  EXPECT_EQ(position_at(scenario, seconds(16)), (Position{0, seconds(26)}));
  EXPECT_EQ(position_at(scenario, seconds(16 * 100 + 12)), (Position{1, seconds(16 * 100 + 15)}));
}

}  // namespace
}  // namespace reveille::simulators::apns

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "protocol/mdm/check_in.h"
#include "protocol/mdm/check_in_answer.h"
#include "tools/simulators/device/bodies.h"
#include "tools/simulators/device/cast.h"
#include "tools/simulators/device/declaration_answer.h"
#include "tools/simulators/device/errands.h"
#include "tools/simulators/device/return_to_service_answer.h"
#include "tools/simulators/device/scenario_file.h"

namespace reveille::simulators::device {
namespace {

std::string only_error(std::string_view text) {
  const LoadedScenario loaded = parse_scenario(text, "s.toml");
  return loaded.errors.size() == 1 ? loaded.errors.front() : "not one error";
}

TEST(ScenarioFile, TheExampleIsReadAndHasSomeOfEverything) {
  const LoadedScenario loaded = parse_scenario(print_example_scenario(), "example.toml");

  EXPECT_TRUE(loaded.errors.empty());
  EXPECT_TRUE(std::ranges::all_of(loaded.scenario.devices, [](double share) { return share > 0; }));
  EXPECT_EQ(loaded.scenario.answers.repeated_rate, 0.05);
  EXPECT_EQ(loaded.scenario.errands.silent_leave_rate, 0.01);
  EXPECT_EQ(loaded.scenario.setup.user_configuration_rate, 0.2);
  EXPECT_EQ(loaded.scenario.server.users_policy, "refuse");
}

TEST(ScenarioFile, ErrorsNameFileLineAndKeyAndHowToMendIt) {
  EXPECT_EQ(only_error("[devices]\nphone = 1\n"),
            "s.toml:2: there is no option devices.phone; did you mean \"phones\"?");
  EXPECT_EQ(only_error("[device]\n"),
            "s.toml:1: there is no section [device]; did you mean \"devices\"?");
  EXPECT_EQ(only_error("[answers]\n\nnot_now_rate = 1.5\n"),
            "s.toml:3: answers.not_now_rate must be a number from 0 to 1");
  EXPECT_EQ(only_error("[answers]\nlarge_kibibytes = 0\n"),
            "s.toml:2: answers.large_kibibytes must be a whole number from 1 to 24576");
  EXPECT_EQ(only_error("[server]\nusers_policy = \"digests\"\n"),
            "s.toml:2: server.users_policy must be one of refuse, accept, digest, not \"digests\"");
  EXPECT_EQ(only_error("[server]\nmaid = 1\n"), "s.toml:2: server.maid must be true or false");
  EXPECT_EQ(only_error("[devices]\nphones = 0\n"),
            "s.toml:1: devices has no kind above 0: give at least one a share");
  EXPECT_TRUE(only_error("[devices\n").starts_with("s.toml:1: not TOML"));
}

TEST(ScenarioFile, EveryErrorIsReportedByLine) {
  const LoadedScenario loaded =
      parse_scenario("[users]\nnetwork_rate = -1\n[errands]\nrestores = 1\n", "s.toml");

  ASSERT_EQ(loaded.errors.size(), 2u);
  EXPECT_TRUE(loaded.errors[0].starts_with("s.toml:2: users.network_rate"));
  EXPECT_TRUE(loaded.errors[1].starts_with("s.toml:4: there is no option errands.restores"));
}

TEST(Cast, KindsComeByTheirSharesAndTheSameForTheSameSeed) {
  Scenario scenario;
  scenario.devices = {};
  scenario.share_of(Kind::macs) = 3;
  scenario.share_of(Kind::phones) = 1;
  int macs = 0;
  for (std::uint64_t number = 1; number <= 1'000; ++number) {
    const auto channels = cast(scenario, 1, number, "SIM");
    const auto again = cast(scenario, 1, number, "SIM");
    EXPECT_EQ(channels.size(), again.size());
    EXPECT_EQ(channels[0].kind, again[0].kind);
    if (channels[0].kind == Kind::macs) ++macs;
  }
  EXPECT_NEAR(macs, 750, 60);
}

TEST(Cast, MacsAndSharedIpadsHaveUsersAndNobodyElse) {
  Scenario scenario;
  scenario.devices = {1, 1, 1, 1, 1, 1, 1};
  scenario.users.network_rate = 1;
  std::set<std::string> ids;
  for (std::uint64_t number = 1; number <= 300; ++number) {
    const auto channels = cast(scenario, 1, number, "SIM");
    const KindTraits& traits = traits_of(channels[0].kind);
    EXPECT_FALSE(channels[0].is_user_channel());
    EXPECT_EQ(channels.size() > 1, traits.is_mac || traits.is_shared);
    for (const Speaker& channel : channels) {
      EXPECT_TRUE(ids.insert(channel.enrolment()).second) << channel.enrolment();
      if (!channel.is_user_channel()) continue;
      // UserAuthenticate is a message of Macs outside a User Enrolment.
      EXPECT_EQ(channel.user->is_network, traits.is_mac && !traits.by_enrolment_id);
    }
  }
}

TEST(Speaker, AMacsDeviceChannelAloneHasNoBearerTokenInAnAccountDrivenEnrolment) {
  const User user{.id = "1", .short_name = "a"};
  EXPECT_FALSE((Speaker{.kind = Kind::phones, .device = "U"}).has_bearer_token());
  EXPECT_TRUE((Speaker{.kind = Kind::user_enrolled_phones, .device = "U"}).has_bearer_token());
  EXPECT_FALSE((Speaker{.kind = Kind::account_driven_macs, .device = "U"}).has_bearer_token());
  EXPECT_TRUE(
      (Speaker{.kind = Kind::account_driven_macs, .device = "U", .user = user}).has_bearer_token());
}

TEST(Bodies, OfEveryKindOfSpeakerAreWhatOurOwnParsersRead) {
  Scenario scenario;
  scenario.devices = {1, 1, 1, 1, 1, 1, 1};
  for (std::uint64_t number = 1; number <= 100; ++number) {
    for (const Speaker& speaker : cast(scenario, 1, number, "SIM")) {
      const PushAddress address{.token = "\x01\x02", .magic = "magic"};
      const auto update = mdm::parse_check_in(token_update_body(speaker, "t", address, "a"));
      const auto idle = mdm::parse_report(idle_body(speaker, "a"));
      const mdm::Command command{.uuid = {"C"}, .request_type = "SecurityInfo", .body = {}};
      const auto failed = mdm::parse_report(report_body(speaker, mdm::Status::error, command));

      ASSERT_TRUE(update && idle && failed);
      EXPECT_EQ(mdm::identity_of(*update).enrolment.text(), speaker.enrolment());
      EXPECT_EQ(idle->identity.enrolment.text(), speaker.enrolment());
      EXPECT_EQ(idle->auth_token->text, "a");
      EXPECT_EQ(failed->error_chain.size(), 1u);
    }
  }
}

TEST(Bodies, AnExchangeSaysWhatItIsToTheUserInEveryMessage) {
  const User user{.id = "1", .short_name = "a"};
  const Speaker speaker{.kind = Kind::macs, .device = "U", .user = user};
  const mdm::Command command{.uuid = {"C"}, .request_type = "SecurityInfo", .body = {}};
  for (const Occasion occasion : {Occasion::ordinary, Occasion::login, Occasion::user_setup}) {
    for (const Bytes& body :
         {idle_body(speaker, {}, occasion),
          report_body(speaker, mdm::Status::not_now, command, 0, {}, occasion)}) {
      const auto report = mdm::parse_report(body);
      ASSERT_TRUE(report);
      EXPECT_EQ(report->need_sync_response, occasion == Occasion::login);
      EXPECT_EQ(report->user_configuration, occasion == Occasion::user_setup);
    }
  }
}

TEST(Bodies, AwaitingConfigurationAndReturnToServiceAreReadAsMeant) {
  const Speaker speaker{.kind = Kind::phones, .device = "U"};
  for (const auto awaiting : {AwaitingConfiguration::no, AwaitingConfiguration::yes}) {
    const PushAddress address{.token = "t", .magic = "m"};
    const auto read = mdm::parse_check_in(token_update_body(speaker, "t", address, {}, awaiting));
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<mdm::TokenUpdate>(*read).awaiting_configuration,
              awaiting == AwaitingConfiguration::yes);
  }
  const auto ask = mdm::parse_check_in(return_to_service_body(speaker));
  ASSERT_TRUE(ask);
  EXPECT_TRUE(std::holds_alternative<mdm::ReturnToService>(*ask));
}

TEST(Bodies, AUserEnrolmentDisclosesNeitherUdidNorSerialNumber) {
  const Speaker speaker{.kind = Kind::user_enrolled_phones, .device = "E-1"};
  const Bytes body = authenticate_body(speaker, "S-1", "com.apple.mgmt.x");

  EXPECT_EQ(body.find("S-1"), Bytes::npos);
  EXPECT_EQ(body.find("UDID"), Bytes::npos);
  EXPECT_NE(body.find("EnrollmentID"), Bytes::npos);
}

TEST(Bodies, ALargeResultIsAsLargeAsAsked) {
  const mdm::Command command{.uuid = {"C"}, .request_type = "InstalledApplicationList", .body = {}};
  const Bytes body = report_body({.device = "U"}, mdm::Status::acknowledged, command, 1'000'000);

  EXPECT_GT(body.size(), 1'000'000u);
  EXPECT_LT(body.size(), 1'500'000u);
}

std::set<Errand> possible(const Speaker& speaker) {
  const Scenario::Errands always{.token_update_rate = 1,
                                 .renewal_rate = 1,
                                 .restore_rate = 1,
                                 .enrol_again_rate = 1,
                                 .bootstrap_token_rate = 1,
                                 .token_rate = 1,
                                 .declarations_rate = 1,
                                 .login_rate = 1,
                                 .return_to_service_rate = 1};
  Dice dice(1, 1);
  const auto errands = errands_of(speaker, always, dice);
  return {errands.begin(), errands.end()};
}

TEST(Errands, EachSpeakerDoesOnlyWhatItsKindCan) {
  const User network{.id = "1", .short_name = "a", .is_network = true};
  const auto mac = possible({.kind = Kind::macs, .device = "U"});
  const auto mac_user = possible({.kind = Kind::macs, .device = "U", .user = network});
  const auto own_mac = possible({.kind = Kind::user_enrolled_macs, .device = "E"});
  const auto adde = possible({.kind = Kind::account_driven_phones, .device = "U"});

  const auto phone = possible({.kind = Kind::phones, .device = "U"});

  EXPECT_TRUE(phone.contains(Errand::return_to_service));
  EXPECT_FALSE(mac.contains(Errand::return_to_service));
  EXPECT_FALSE(adde.contains(Errand::return_to_service));
  EXPECT_TRUE(mac.contains(Errand::bootstrap_token));
  EXPECT_FALSE(mac.contains(Errand::login));
  EXPECT_TRUE(mac_user.contains(Errand::login));
  EXPECT_FALSE(mac_user.contains(Errand::bootstrap_token));
  EXPECT_FALSE(mac_user.contains(Errand::renewal));
  EXPECT_FALSE(own_mac.contains(Errand::bootstrap_token));
  EXPECT_FALSE(own_mac.contains(Errand::enrol_again));
  // Account-driven enrolments are never restored.
  EXPECT_FALSE(own_mac.contains(Errand::restore));
  EXPECT_FALSE(adde.contains(Errand::restore));
}

TEST(Errands, LeavingIsTheLastAndOnlyOne) {
  Dice dice(1, 1);
  const Scenario::Errands rates{.token_update_rate = 1, .check_out_rate = 1};

  EXPECT_EQ(errands_of({.kind = Kind::phones, .device = "U"}, rates, dice),
            std::vector<Errand>{Errand::check_out});
}

TEST(ReturnToServiceAnswer, IsAsConfiguredAndHasNobodyElsesBootstrapToken) {
  const auto ok = [](const mdm::ReturnToServiceAnswer& answer) {
    return http::Response{
        .status = 200, .headers = {}, .body = mdm::write_return_to_service(answer)};
  };
  const http::Response refused{.status = 400, .headers = {}, .body = {}};
  mdm::ReturnToServiceAnswer answer;
  answer.wifi_profile = "wifi";
  EXPECT_EQ(fault_of_return_to_service_answer(ok(answer), true), "");
  EXPECT_EQ(fault_of_return_to_service_answer(refused, false), "");

  EXPECT_EQ(fault_of_return_to_service_answer(refused, true), "HTTP 400");
  EXPECT_EQ(fault_of_return_to_service_answer(ok(answer), false), "HTTP 200 instead of 400");
  EXPECT_EQ(fault_of_return_to_service_answer({.status = 200, .headers = {}, .body = {}}, true),
            "no ReturnToService");
  const Bytes bare = "<plist><dict><key>ReturnToService</key><dict/></dict></plist>";
  EXPECT_EQ(fault_of_return_to_service_answer({.status = 200, .headers = {}, .body = bare}, true),
            "no Enabled");
  answer.bootstrap_token = "token";
  EXPECT_EQ(fault_of_return_to_service_answer(ok(answer), true),
            "the BootstrapToken of somebody else");
}

TEST(DeclarationAnswer, NeedsAllThatSection5Names) {
  const auto ok = [](Bytes body) {
    return http::Response{.status = 200, .headers = {}, .body = body};
  };
  const http::Response missing{.status = 404, .headers = {}, .body = {}};

  EXPECT_EQ(fault_of_declaration_answer(
                "tokens", ok(R"({"SyncTokens":{"Timestamp":"t","DeclarationsToken":"d"}})"), true),
            "");
  EXPECT_NE(fault_of_declaration_answer("tokens", ok(R"({"SyncTokens":{}})"), true), "");
  EXPECT_EQ(fault_of_declaration_answer(
                "declaration-items",
                ok(R"({"Declarations":{"Activations":[],"Assets":[],"Configurations":[],)"
                   R"("Management":[]},"DeclarationsToken":"d"})"),
                true),
            "");
  EXPECT_NE(fault_of_declaration_answer(
                "declaration-items",
                ok(R"({"Declarations":{"Activations":[]},"DeclarationsToken":"d"})"), true),
            "");
  EXPECT_EQ(fault_of_declaration_answer("declaration/asset/a", missing, true), "");
  EXPECT_NE(fault_of_declaration_answer("tokens", missing, true), "");
  EXPECT_EQ(fault_of_declaration_answer("status", ok(""), true), "");
  EXPECT_NE(fault_of_declaration_answer("status", ok("{}"), true), "");
  EXPECT_NE(fault_of_declaration_answer("tokens", ok("{}"), false), "");
}

}  // namespace
}  // namespace reveille::simulators::device

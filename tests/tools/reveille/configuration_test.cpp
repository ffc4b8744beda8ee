#include "tools/reveille/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace reveille {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> errors_in(std::string_view text) {
  return parse_configuration(text, "/etc/reveille/reveille.toml").errors;
}

Configuration read(std::string_view text) {
  LoadedConfiguration loaded = parse_configuration(text, "/etc/reveille/reveille.toml");
  EXPECT_THAT(loaded.errors, IsEmpty());
  return loaded.configuration;
}

TEST(Configuration, AnEmptyFileGivesTheDefaults) {
  const Configuration configuration = read("");

  EXPECT_EQ(configuration.device.port, 8443);
  EXPECT_EQ(configuration.apns.host, "api.push.apple.com");
  EXPECT_EQ(configuration.admin.socket_path, "/run/reveille/admin.sock");
}

TEST(Configuration, ThePrintedDefaultsParseBackToTheDefaults) {
  const std::string printed = print_default_configuration();

  const Configuration parsed = read(printed);

  const Configuration defaults;
  EXPECT_EQ(parsed.state.folder, defaults.state.folder);
  EXPECT_EQ(parsed.device.listen_address, defaults.device.listen_address);
  EXPECT_EQ(parsed.device.certificate_file, defaults.device.certificate_file);
  EXPECT_EQ(parsed.device.connections_max, defaults.device.connections_max);
  EXPECT_EQ(parsed.operators.api_key, defaults.operators.api_key);
  EXPECT_EQ(parsed.operators.push_wait_seconds, defaults.operators.push_wait_seconds);
  EXPECT_EQ(parsed.admin.socket_path, defaults.admin.socket_path);
  EXPECT_EQ(parsed.apns.push_timeout_seconds, defaults.apns.push_timeout_seconds);
  EXPECT_EQ(parsed.wake.silence_seconds, defaults.wake.silence_seconds);
  EXPECT_EQ(parsed.wake.answer_seconds, defaults.wake.answer_seconds);
  EXPECT_EQ(parsed.storage.free_mebibytes_min, defaults.storage.free_mebibytes_min);
  EXPECT_EQ(parsed.network.lanes, defaults.network.lanes);
  EXPECT_EQ(parsed.enrolment.sign_profile, defaults.enrolment.sign_profile);
  EXPECT_EQ(parsed.log.format, defaults.log.format);
}

TEST(Configuration, TimesOfAPushThatContradictEachOtherAreNamed) {
  EXPECT_THAT(errors_in("[apns]\npush_timeout_seconds = 5\nanswer_timeout_seconds = 6\n"),
              ElementsAre(HasSubstr("answer_timeout_seconds must not be above push_timeout")));
  EXPECT_THAT(errors_in("[apns]\nreconnect_first_seconds = 61\n"),
              ElementsAre(HasSubstr("must not be above reconnect_seconds_max")));
  EXPECT_THAT(errors_in("[wake]\nretry_first_seconds = 901\n"),
              ElementsAre(HasSubstr("must not be above retry_seconds_max")));
}

TEST(Configuration, EveryPrintedOptionStandsUnderAComment) {
  std::istringstream lines(print_default_configuration());
  std::string before;
  for (std::string line; std::getline(lines, line); before = line) {
    if (line.empty() || line.starts_with('#') || line.starts_with('[')) continue;
    const bool self_explaining = line.starts_with("host");
    EXPECT_TRUE(before.starts_with('#') || self_explaining) << line;
  }
}

TEST(Configuration, ValuesReplaceTheDefaults) {
  const Configuration configuration = read(
      "[device]\nport = 0\npublic_url = \"https://mdm.example.com\"\n"
      "[wake]\nsilence_seconds = [5, 10]\n[enrolment]\nsign_profile = false\n");

  EXPECT_EQ(configuration.device.port, 0);
  EXPECT_EQ(configuration.device.public_url, "https://mdm.example.com");
  EXPECT_THAT(configuration.wake.silence_seconds, ElementsAre(5, 10));
  EXPECT_FALSE(configuration.enrolment.sign_profile);
}

TEST(Configuration, RelativePathsCountFromTheFilesFolder) {
  const Configuration configuration =
      read("[state]\nfolder = \"state\"\n[admin]\nsocket_path = \"/tmp/a.sock\"\n");

  EXPECT_EQ(configuration.state.folder, "/etc/reveille/state");
  EXPECT_EQ(configuration.admin.socket_path, "/tmp/a.sock");
}

TEST(Configuration, AnUnknownOptionIsRefusedWithTheNearestName) {
  EXPECT_THAT(errors_in("[device]\n\nprot = 443\n"),
              ElementsAre("/etc/reveille/reveille.toml:3: there is no option device.prot; did you "
                          "mean \"port\"?"));
}

TEST(Configuration, AnUnknownOptionUnlikeAllOthersIsRefusedWithTheListOfThem) {
  EXPECT_THAT(errors_in("[network]\nspeed_of_light = 1\n"),
              ElementsAre("/etc/reveille/reveille.toml:2: there is no option "
                          "network.speed_of_light; remove it, or use one of lanes"));
}

TEST(Configuration, AnUnknownSectionIsRefused) {
  EXPECT_THAT(errors_in("[devices]\nport = 443\n"),
              ElementsAre("/etc/reveille/reveille.toml:1: there is no section [devices]; did you "
                          "mean \"device\"?"));
}

TEST(Configuration, ANumberOutOfRangeIsRefusedWithItsLineAndRange) {
  EXPECT_THAT(errors_in("[device]\nport = 70000\n"),
              ElementsAre("/etc/reveille/reveille.toml:2: device.port must be a whole number from "
                          "0 to 65535, not 70000"));
}

TEST(Configuration, AWrongTypeIsRefused) {
  EXPECT_THAT(errors_in("[device]\nport = \"443\"\nlisten_address = 1\n[enrolment]\n"
                        "sign_profile = \"yes\"\n[wake]\nsilence_seconds = 30\n"),
              ElementsAre("/etc/reveille/reveille.toml:2: device.port must be a whole number from "
                          "0 to 65535",
                          "/etc/reveille/reveille.toml:3: device.listen_address must be text in "
                          "quotation marks",
                          "/etc/reveille/reveille.toml:5: enrolment.sign_profile must be true or "
                          "false",
                          "/etc/reveille/reveille.toml:7: wake.silence_seconds must be a list of "
                          "numbers such as [30, 120]"));
}

TEST(Configuration, AnElementOutOfRangeIsRefused) {
  EXPECT_THAT(errors_in("[wake]\nsilence_seconds = [30,\n 0]\n"),
              ElementsAre(HasSubstr("reveille.toml:3: wake.silence_seconds must be a whole number "
                                    "from 1 to 31536000, not 0")));
}

TEST(Configuration, AChoiceThatDoesNotExistIsRefused) {
  EXPECT_THAT(errors_in("[log]\nlevel = \"loud\"\n"),
              ElementsAre("/etc/reveille/reveille.toml:2: log.level must be one of debug, info, "
                          "warning, error, not \"loud\""));
}

TEST(Configuration, ASectionThatIsAValueIsRefused) {
  EXPECT_THAT(errors_in("device = 3\n"),
              ElementsAre("/etc/reveille/reveille.toml:1: device must be a section: write "
                          "[device]"));
}

TEST(Configuration, AFileThatIsNotTomlIsRefusedWithItsLine) {
  EXPECT_THAT(errors_in("[device]\nport = \n"),
              ElementsAre(HasSubstr("reveille.toml:2: not TOML: ")));
}

TEST(Configuration, ACertificateWithoutAKeyIsRefused) {
  EXPECT_THAT(errors_in("[device]\ncertificate_file = \"c.pem\"\n"),
              ElementsAre("/etc/reveille/reveille.toml:2: device.certificate_file needs the other "
                          "half: give both certificate_file and key_file, or neither"));
}

TEST(Configuration, AShortApiKeyIsRefusedWithoutQuotingIt) {
  const std::vector<std::string> errors = errors_in("[operators]\napi_key = \"swordfish\"\n");

  EXPECT_THAT(errors, ElementsAre(HasSubstr("reveille.toml:2: operators.api_key must have at "
                                            "least 16 characters")));
  EXPECT_THAT(errors.front(), Not(HasSubstr("swordfish")));
}

TEST(Configuration, APublicUrlWithAPathOrWithoutTlsIsRefused) {
  EXPECT_THAT(errors_in("[device]\npublic_url = \"http://mdm.example.com\"\n"),
              ElementsAre(HasSubstr("device.public_url must be https://")));
  EXPECT_THAT(errors_in("[device]\npublic_url = \"https://mdm.example.com/mdm\"\n"),
              ElementsAre(HasSubstr("device.public_url must be https://")));
}

TEST(Configuration, AllErrorsComeAtOnceInTheOrderOfTheirLines) {
  EXPECT_THAT(errors_in("[log]\nlevel = \"loud\"\n[device]\nport = -1\nprot = 2\n"),
              ElementsAre(HasSubstr(":2: "), HasSubstr(":4: "), HasSubstr(":5: ")));
}

TEST(Configuration, AFileThatDoesNotExistIsNamed) {
  EXPECT_THAT(load_configuration("/nonexistent/reveille.toml", nullptr).errors,
              ElementsAre(HasSubstr("/nonexistent/reveille.toml cannot be read: No such file")));
  EXPECT_THAT(load_configuration("/tmp", nullptr).errors,
              ElementsAre(HasSubstr("/tmp cannot be read: Is a directory")));
}

// ---- what messages of devices are answered ----

TEST(Configuration, DevicesMessagesAreServedOnlyWhereConfigured) {
  const Configuration configuration = read("");
  EXPECT_EQ(configuration.users.policy, "refuse");
  EXPECT_EQ(configuration.declarations.url, "");
  EXPECT_FALSE(configuration.tokens.watch_pairing);
  EXPECT_FALSE(configuration.return_to_service.enabled);
  EXPECT_FALSE(configuration.enrolment.adopt_unbound);
  EXPECT_EQ(configuration.device.trusted_proxies, "");
}

TEST(Configuration, UsersByDigestNeedTheirFileAndAPlainRealm) {
  EXPECT_THAT(errors_in("[users]\npolicy = \"digest\"\n"),
              ElementsAre(HasSubstr("reveille.toml:2: users.policy digest needs digest_file")));
  EXPECT_THAT(errors_in("[users]\nrealm = \"a:b\"\n"),
              ElementsAre(HasSubstr("reveille.toml:2: users.realm")));
  EXPECT_THAT(errors_in("[users]\npolicy = \"allow\"\n"),
              ElementsAre(HasSubstr("must be one of refuse, accept, digest")));
  EXPECT_EQ(read("[users]\npolicy = \"digest\"\ndigest_file = \"users\"\n").users.digest_file,
            "/etc/reveille/users");
}

TEST(Configuration, AMaidTokenNeedsBothHalvesAndAUuid) {
  EXPECT_THAT(
      errors_in("[tokens]\nmaid_server_uuid = \"00000000-0000-4000-8000-00000000000a\"\n"),
      ElementsAre(HasSubstr("tokens.maid_server_uuid needs the other half")));
  EXPECT_THAT(errors_in("[tokens]\nmaid_key_file = \"a\"\n"),
              ElementsAre(HasSubstr("tokens.maid_key_file needs the other half")));
  for (const char* text : {"x", "00000000-0000-4000-8000-00000000000g",
                           "00000000x0000-4000-8000-00000000000a"}) {
    EXPECT_THAT(errors_in(std::string("[tokens]\nmaid_key_file = \"a\"\nmaid_server_uuid = \"") +
                          text + "\"\n"),
                ElementsAre(HasSubstr("must be a UUID")));
  }
}

TEST(Configuration, NobodyMayConnectWithoutTlsUnlessAProxyIsTrusted) {
  const Configuration defaults;
  EXPECT_TRUE(defaults.proxied.listen_address.empty() && defaults.proxied.socket_path.empty());
  const std::string port = "[proxied]\nlisten_address = \"127.0.0.1\"\n";
  const std::string socket = "[proxied]\nsocket_path = \"/run/devices.sock\"\n";
  const std::string by_address = "[device]\ntrusted_proxies = \"127.0.0.1\"\n";
  const std::string by_socket = "[device]\ntrusted_proxies = \"unix\"\n";
  EXPECT_EQ(errors_in(port + by_address).size(), 0u);
  EXPECT_EQ(errors_in(socket + by_socket).size(), 0u);
  for (const std::string& text : {port, port + by_socket, socket, socket + by_address}) {
    EXPECT_EQ(errors_in(text).size(), 1u) << text;
  }
  EXPECT_EQ(errors_in("[device]\nproxy_protocol = true\n").size(), 1u);
  EXPECT_EQ(errors_in("[device]\nproxy_protocol = true\ntrusted_proxies = \"unix\"\n").size(), 1u);
}

TEST(Configuration, AProxysHeaderNeedsAProxy) {
  EXPECT_THAT(errors_in("[device]\nproxy_certificate_header = \"x-client-cert\"\n"),
              ElementsAre(HasSubstr("means nothing without trusted_proxies")));
}

}  // namespace
}  // namespace reveille

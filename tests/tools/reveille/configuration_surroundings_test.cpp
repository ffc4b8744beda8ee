#include "tools/reveille/configuration_surroundings.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "protocol/pki/key.h"

namespace reveille {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigurationSurroundingsTest : public testing::Test {
 protected:
  ConfigurationSurroundingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reveille-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigurationSurroundingsTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& contents) const {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }
  std::vector<std::string> errors_in(const std::string& text) const {
    write("reveille.toml",
          "[state]\nfolder = \"state\"\n[admin]\nsocket_path = \"state/a.sock\"\n" + text);
    return load_configuration(folder_ / "reveille.toml", check_surroundings).errors;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigurationSurroundingsTest, FilesThatAreNotThereAreMistakesOfTheirOptions) {
  EXPECT_THAT(errors_in("[device]\n"
                        "certificate_file = \"a.pem\"\n"
                        "key_file = \"a.key\"\n"
                        "[operators]\n"
                        "api_keys_file = \"keys\"\n"
                        "[apns]\n"
                        "anchors_file = \"anchors.pem\"\n"
                        "[users]\n"
                        "policy = \"digest\"\n"
                        "digest_file = \"users\"\n"
                        "[tokens]\n"
                        "maid_server_uuid = \"00000000-0000-4000-8000-00000000000a\"\n"
                        "maid_key_file = \"maid.key\"\n"
                        "[return_to_service]\n"
                        "enabled = true\n"
                        "wifi_profile_file = \"wifi\"\n"),
              ElementsAre(AllOf(HasSubstr(":6: device.certificate_file cannot be used"),
                                HasSubstr("a.pem"), HasSubstr("No such file")),
                          HasSubstr(":9: operators.api_keys_file cannot be used"),
                          HasSubstr(":11: apns.anchors_file cannot be used"),
                          HasSubstr(":14: users.digest_file cannot be used"),
                          HasSubstr(":17: tokens.maid_key_file cannot be used"),
                          HasSubstr(":20: return_to_service.wifi_profile_file cannot be used")));
}

TEST_F(ConfigurationSurroundingsTest, FilesThatHoldTheWrongThingAreMistakesToo) {
  write("keys", "short\n");
  write("users", "ada:reveille:hunter2\n");
  write("anchors.pem", "nothing of the kind\n");
  write("maid.key", pki::PrivateKey::generate_p256().value().to_pem());
  EXPECT_THAT(errors_in("[operators]\n"
                        "api_keys_file = \"keys\"\n"
                        "[apns]\n"
                        "anchors_file = \"anchors.pem\"\n"
                        "[users]\n"
                        "policy = \"digest\"\n"
                        "digest_file = \"users\"\n"
                        "[tokens]\n"
                        "maid_server_uuid = \"00000000-0000-4000-8000-00000000000a\"\n"
                        "maid_key_file = \"maid.key\"\n"),
              ElementsAre(HasSubstr(":6: "), HasSubstr(":8: "),
                          AllOf(HasSubstr(":11: "), testing::Not(HasSubstr("hunter2"))),
                          AllOf(HasSubstr(":14: "), HasSubstr("RSA"))));
}

TEST_F(ConfigurationSurroundingsTest, WhatOnlyThePartsCanJudgeIsJudged) {
  EXPECT_THAT(errors_in("[device]\n"
                        "trusted_proxies = \"10.0.0.300\"\n"
                        "proxy_certificate_header = \"Client-Cert\"\n"
                        "[declarations]\n"
                        "url = \"ftp://somewhere/\"\n"),
              ElementsAre(HasSubstr(":6: device.trusted_proxies cannot be used"),
                          HasSubstr(":9: declarations.url cannot be used")));
}

TEST_F(ConfigurationSurroundingsTest, FilesThatDoAreNoMistakes) {
  write("keys", std::string(32, 'k') + "\n");
  write("users", "ada:reveille:" + std::string(32, 'a') + "\n");
  EXPECT_THAT(errors_in("[operators]\n"
                        "api_keys_file = \"keys\"\n"
                        "[users]\n"
                        "policy = \"digest\"\n"
                        "digest_file = \"users\"\n"),
              IsEmpty());
}

// As README has it: the file's folder is where we are, so nothing of its paths names a folder.
TEST_F(ConfigurationSurroundingsTest, RelativePathsAndSlashesAtTheEndDo) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  for (const char* text :
       {"[state]\nfolder = \"state\"\n[admin]\nsocket_path = \"state/a.sock\"\n",
        "[state]\nfolder = \"state/\"\n[admin]\nsocket_path = \"state/a.sock\"\n",
        "[state]\nfolder = \"state\"\n[admin]\nsocket_path = \"a.sock\"\n"}) {
    write("reveille.toml", text);
    EXPECT_THAT(load_configuration("reveille.toml", check_surroundings).errors, IsEmpty()) << text;
  }
  std::filesystem::current_path(before);
}

TEST_F(ConfigurationSurroundingsTest, AddressesAndFoldersAreLookedAt) {
  write("file", "");
  write("reveille.toml",
        "[state]\nfolder = \"file/below\"\n"
        "[admin]\nsocket_path = \"lost/admin.sock\"\n"
        "[device]\nlisten_address = \"nohost\"\n");
  EXPECT_THAT(
      load_configuration(folder_ / "reveille.toml", check_surroundings).errors,
      ElementsAre(AllOf(HasSubstr(":2: state.folder cannot be used"), HasSubstr("/file is")),
                  AllOf(HasSubstr(":4: admin.socket_path needs a folder"), HasSubstr("/lost")),
                  HasSubstr(":6: device.listen_address must be an IPv4 or IPv6 address")));
}

}  // namespace
}  // namespace reveille

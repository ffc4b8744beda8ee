#include "tools/reveille/configuration_files.h"

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

class ConfigurationFilesTest : public testing::Test {
 protected:
  ConfigurationFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reveille-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigurationFilesTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& contents) const {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }
  std::vector<std::string> errors_in(const std::string& text) const {
    write("reveille.toml", text);
    return load_configuration(folder_ / "reveille.toml", check_named_files).errors;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigurationFilesTest, FilesThatAreNotThereAreMistakesOfTheirOptions) {
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
              ElementsAre(AllOf(HasSubstr(":2: device.certificate_file cannot be used"),
                                HasSubstr("a.pem"), HasSubstr("No such file")),
                          HasSubstr(":5: operators.api_keys_file cannot be used"),
                          HasSubstr(":7: apns.anchors_file cannot be used"),
                          HasSubstr(":10: users.digest_file cannot be used"),
                          HasSubstr(":13: tokens.maid_key_file cannot be used"),
                          HasSubstr(":16: return_to_service.wifi_profile_file cannot be used")));
}

TEST_F(ConfigurationFilesTest, FilesThatHoldTheWrongThingAreMistakesToo) {
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
              ElementsAre(HasSubstr(":2: "), HasSubstr(":4: "),
                          AllOf(HasSubstr(":7: "), testing::Not(HasSubstr("hunter2"))),
                          AllOf(HasSubstr(":10: "), HasSubstr("RSA"))));
}

TEST_F(ConfigurationFilesTest, WhatOnlyThePartsCanJudgeIsJudged) {
  EXPECT_THAT(errors_in("[device]\n"
                        "trusted_proxies = \"10.0.0.300\"\n"
                        "proxy_certificate_header = \"Client-Cert\"\n"
                        "[declarations]\n"
                        "url = \"ftp://somewhere/\"\n"),
              ElementsAre(HasSubstr(":2: device.trusted_proxies cannot be used"),
                          HasSubstr(":5: declarations.url cannot be used")));
}

TEST_F(ConfigurationFilesTest, FilesThatDoAreNoMistakes) {
  write("keys", std::string(32, 'k') + "\n");
  write("users", "ada:reveille:" + std::string(32, 'a') + "\n");
  EXPECT_THAT(errors_in("[operators]\n"
                        "api_keys_file = \"keys\"\n"
                        "[users]\n"
                        "policy = \"digest\"\n"
                        "digest_file = \"users\"\n"),
              IsEmpty());
}

}  // namespace
}  // namespace reveille

#include "tools/reveille/device_services.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

namespace reveille {
namespace {

using testing::HasSubstr;
using testing::Not;

class DeviceServicesTest : public testing::Test {
 protected:
  DeviceServicesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reveille-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write("secret.key", std::string(64, 'a') + "\n");
  }
  ~DeviceServicesTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& contents) {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
    return folder_ / name;
  }
  Result<device::Services> services() const { return device_services(configuration_, folder_); }
  std::string error() const {
    const auto made = services();
    return made ? "no error" : made.error().detail;
  }

  std::filesystem::path folder_;
  Configuration configuration_;
};

TEST_F(DeviceServicesTest, TheDefaultsServeNothingThatNeedsConfiguring) {
  const auto made = services();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->users.policy, device::UserPolicy::refuse);
  EXPECT_FALSE(made->tokens.maid || made->tokens.watch_pairing);
  EXPECT_FALSE(made->return_to_service || made->declarations);
  EXPECT_EQ(made->access_tokens, nullptr);
}

TEST_F(DeviceServicesTest, WhatIsConfiguredIsServed) {
  configuration_.users.policy = "digest";
  configuration_.users.digest_file =
      write("users", "ada:reveille:" + std::string(32, 'a') + "\n");
  configuration_.tokens.maid_server_uuid = "00000000-0000-4000-8000-00000000000a";
  configuration_.tokens.maid_key_file =
      write("maid.key", pki::PrivateKey::generate_rsa(2048).value().to_pem());
  configuration_.tokens.watch_pairing = true;
  configuration_.return_to_service.enabled = true;
  configuration_.return_to_service.wifi_profile_file = write("wifi", "profile");
  configuration_.declarations.url = "http://localhost:9002/v1/";
  configuration_.declarations.timeout_seconds = 7;

  const auto made = services();

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->users.policy, device::UserPolicy::digest);
  EXPECT_TRUE(made->users.directory);
  EXPECT_TRUE(made->tokens.maid);
  EXPECT_EQ(made->tokens.watch_pairing->key.size(), 32u);
  EXPECT_EQ(made->return_to_service->wifi_profile, "profile");
  EXPECT_EQ(made->return_to_service->mdm_profile, std::nullopt);
  EXPECT_EQ(made->declarations->url.folder, "/v1/");
  EXPECT_EQ(made->declarations->timeout, std::chrono::seconds(7));
  EXPECT_FALSE(made->declarations->tls);
}

TEST_F(DeviceServicesTest, AnErrorNamesTheFileAndNoneOfItsSecrets) {
  configuration_.users.policy = "digest";
  configuration_.users.digest_file = write("users", "ada:reveille:hunter2\n");
  EXPECT_THAT(error(), HasSubstr((folder_ / "users").string()));
  EXPECT_THAT(error(), Not(HasSubstr("hunter2")));
  configuration_.users.digest_file = folder_ / "missing";
  EXPECT_THAT(error(), HasSubstr("missing"));
}

TEST_F(DeviceServicesTest, AMaidKeyThatIsNotRsaIsRefused) {
  configuration_.tokens.maid_key_file =
      write("maid.key", pki::PrivateKey::generate_p256().value().to_pem());
  EXPECT_THAT(error(), HasSubstr("RSA"));
}

TEST_F(DeviceServicesTest, ADeclarationUrlThatIsNoneNamesItsOption) {
  configuration_.declarations.url = "https://ddm.example.com/v1";
  EXPECT_THAT(error(), HasSubstr("declarations.url"));
}

TEST_F(DeviceServicesTest, ProxiesAreReadByCommas) {
  configuration_.device.trusted_proxies = "192.0.2.7, 10.0.0.0/8 ,unix";
  configuration_.device.proxy_certificate_header = "X-Client-Cert";
  const auto proxies = trusted_proxies(configuration_);
  ASSERT_TRUE(proxies) << proxies.error().detail;
  http::Request request;
  request.headers.push_back({"x-client-cert", "value"});
  for (const char* peer : {"192.0.2.7:1", "10.9.8.7:1", "unix"}) {
    EXPECT_EQ(proxies->certificate_header(request, peer).value(), "value") << peer;
  }
  configuration_.device.trusted_proxies = "192.0.2.7, proxy";
  EXPECT_THAT(trusted_proxies(configuration_).error().detail, HasSubstr("\"proxy\""));
}

}  // namespace
}  // namespace reveille

#include "tools/reveille/configuration_files.h"

#include "tools/reveille/api_keys_file.h"
#include "tools/reveille/device_services.h"
#include "tools/reveille/state_folder.h"
#include "tools/reveille/tls_files.h"

namespace reveille {

namespace {

template <typename Read>
void expect(const Result<Read>& read, OptionsFile& options, std::string_view section,
            std::string_view key) {
  if (!read) options.fail_at(section, key, "cannot be used: " + read.error().detail);
}

template <typename Files>
void check_identity(const Files& files, OptionsFile& options, std::string_view section) {
  if (files.certificate_file.empty() || files.key_file.empty()) return;
  const auto certificates = load_certificates(files.certificate_file);
  expect(certificates, options, section, "certificate_file");
  if (!certificates) return;
  expect(load_tls_identity(files.certificate_file, files.key_file), options, section, "key_file");
}

void check_profile(const std::filesystem::path& file, OptionsFile& options, std::string_view key) {
  if (!file.empty()) expect(read_whole_file(file), options, "return_to_service", key);
}

}  // namespace

void check_named_files(const Configuration& configuration, OptionsFile& options) {
  check_identity(configuration.device, options, "device");
  expect(trusted_proxies(configuration), options, "device", "trusted_proxies");
  check_identity(configuration.operators, options, "operators");
  if (!configuration.operators.api_keys_file.empty()) {
    expect(load_api_keys(configuration.operators.api_keys_file), options, "operators",
           "api_keys_file");
  }
  expect(load_certificates(configuration.apns.anchors_file), options, "apns", "anchors_file");
  if (!configuration.users.digest_file.empty()) {
    expect(user_authentication(configuration.users), options, "users", "digest_file");
  }
  expect(load_certificates(configuration.declarations.anchors_file), options, "declarations",
         "anchors_file");
  expect(declaration_url(configuration.declarations), options, "declarations", "url");
  expect(maid_service(configuration.tokens), options, "tokens", "maid_key_file");
  if (configuration.return_to_service.enabled) {
    check_profile(configuration.return_to_service.wifi_profile_file, options, "wifi_profile_file");
    check_profile(configuration.return_to_service.mdm_profile_file, options, "mdm_profile_file");
  }
}

}  // namespace reveille

#include "tools/reveille/configuration_surroundings.h"

#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <filesystem>

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

void check_address(const std::string& address, OptionsFile& options, std::string_view section) {
  boost::system::error_code error;
  boost::asio::ip::make_address(address, error);
  if (error && !address.empty()) {
    options.fail_at(
        section, "listen_address",
        "must be an IPv4 or IPv6 address such as \"0.0.0.0\" or \"::1\", not \"" + address + "\"");
  }
}

void check_socket(const std::filesystem::path& path, OptionsFile& options,
                  std::string_view section) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path();
  if (path.empty() || std::filesystem::is_directory(folder, error)) return;
  options.fail_at(section, "socket_path", "needs a folder that exists: make " + folder.string());
}

// It is made at the start, in a folder that must be there and be ours to write to.
void check_state_folder(const std::filesystem::path& named, OptionsFile& options) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::absolute(named, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (std::filesystem::is_directory(folder, error) && ::access(folder.c_str(), W_OK | X_OK) == 0) {
    return;
  }
  options.fail_at("state", "folder",
                  "cannot be used: " + folder.string() + " is no folder that we may write to");
}

void check_profile(const std::filesystem::path& file, OptionsFile& options, std::string_view key) {
  if (!file.empty()) expect(read_whole_file(file), options, "return_to_service", key);
}

}  // namespace

void check_surroundings(const Configuration& configuration, OptionsFile& options) {
  check_state_folder(configuration.state.folder, options);
  check_address(configuration.device.listen_address, options, "device");
  check_address(configuration.proxied.listen_address, options, "proxied");
  check_address(configuration.operators.listen_address, options, "operators");
  // The state folder is made before what lies in it, the default's by whoever starts us.
  const std::filesystem::path& socket = configuration.admin.socket_path;
  if (socket != Configuration().admin.socket_path &&
      socket.parent_path() != (configuration.state.folder / "socket").parent_path()) {
    check_socket(socket, options, "admin");
  }
  check_socket(configuration.proxied.socket_path, options, "proxied");
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

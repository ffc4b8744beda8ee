#include <fmt/format.h>

#include <algorithm>

#include "tools/reveille/configuration.h"
#include "tools/reveille/configuration_options.h"
#include "tools/reveille/options_file.h"
#include "tools/reveille/state_folder.h"

namespace reveille {

namespace {

// Fills in what the file says.
class Reader final : public OptionVisitor {
 public:
  Reader(OptionsFile& options, const std::filesystem::path& folder)
      : options_(options), folder_(folder) {}

  void section(std::string_view name, std::string_view) override { options_.begin_section(name); }
  void text(std::string_view key, std::string& value, std::string_view) override {
    options_.text(key, value);
  }
  void choice(std::string_view key, std::string& value,
              std::initializer_list<std::string_view> choices, std::string_view) override {
    options_.choice(key, value, choices);
  }
  void flag(std::string_view key, bool& value, std::string_view) override {
    options_.flag(key, value);
  }

  void path(std::string_view key, std::filesystem::path& value, std::string_view) override {
    std::string given;
    options_.text(key, given);
    if (given.empty()) {
      if (options_.find(key) != nullptr) value.clear();
      return;
    }
    value = std::filesystem::path(given);
    if (value.is_relative()) value = (folder_ / value).lexically_normal();
  }

  void number(std::string_view key, std::int64_t& value, Range range, std::string_view) override {
    const toml::node* node = options_.find(key);
    if (node != nullptr) read_number(*node, key, value, range);
  }

  void numbers(std::string_view key, std::vector<std::int64_t>& value, Range range,
               std::string_view) override {
    const toml::node* node = options_.find(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr || list->empty()) {
      options_.fail(*node, fmt::format("{} must be a list of numbers such as [30, 120]",
                                       options_.name_of(key)));
      return;
    }
    value.clear();
    for (const toml::node& element : *list) {
      std::int64_t number = range.min;
      read_number(element, key, number, range);
      value.push_back(number);
    }
  }

 private:
  void read_number(const toml::node& node, std::string_view key, std::int64_t& value, Range range) {
    const auto given = node.value_exact<std::int64_t>();
    if (given && *given >= range.min && *given <= range.max) {
      value = *given;
      return;
    }
    options_.fail(node,
                  fmt::format("{} must be a whole number from {} to {}{}", options_.name_of(key),
                              range.min, range.max, given ? fmt::format(", not {}", *given) : ""));
  }

  OptionsFile& options_;
  const std::filesystem::path folder_;  // that relative paths count from
};

constexpr std::size_t api_key_characters_min = 16;

void check_public_url(const std::string& url, OptionsFile& options) {
  if (url.empty()) return;
  constexpr std::string_view scheme = "https://";
  const bool https = url.starts_with(scheme) && url.size() > scheme.size();
  const bool plain = url.find_first_of("/?# ", scheme.size()) == std::string::npos;
  if (https && plain) return;
  options.fail_at("device", "public_url",
                  "must be https://, a host and perhaps a port, without a path, such as "
                  "\"https://mdm.example.com\"");
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view form = "00000000-0000-0000-0000-000000000000";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_dash = form[i] == '-';
    if (is_dash != (text[i] == '-')) return false;
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    if (!is_dash && digits.find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

// Of the sections that say what messages of devices are answered.
void check_device_messages(const Configuration& configuration, OptionsFile& options) {
  const auto& users = configuration.users;
  if (users.policy == "digest" && users.digest_file.empty()) {
    options.fail_at("users", "policy",
                    "digest needs digest_file; `htdigest -c FILE REALM USER` makes one");
  }
  if (users.realm.empty() || users.realm.find_first_of("\"\\:") != std::string::npos) {
    options.fail_at("users", "realm",
                    "must not be empty, nor hold quotation marks, backslashes or ':'");
  }
  const auto& tokens = configuration.tokens;
  if (tokens.maid_server_uuid.empty() != tokens.maid_key_file.empty()) {
    options.fail_at(
        "tokens", tokens.maid_key_file.empty() ? "maid_server_uuid" : "maid_key_file",
        "needs the other half: give both maid_server_uuid and maid_key_file, or neither");
  }
  if (!tokens.maid_server_uuid.empty() && !is_uuid(tokens.maid_server_uuid)) {
    options.fail_at("tokens", "maid_server_uuid", "must be a UUID, as Apple shows it");
  }
  const std::string& header = configuration.device.proxy_certificate_header;
  if (!header.empty() && configuration.device.trusted_proxies.empty()) {
    options.fail_at("device", "proxy_certificate_header",
                    "means nothing without trusted_proxies: say who may send it");
  }
}

void check_wakes(const Configuration& configuration, OptionsFile& options) {
  const auto& apns = configuration.apns;
  const auto& wake = configuration.wake;
  if (apns.host.empty()) options.fail_at("apns", "host", "must not be empty");
  if (apns.answer_timeout_seconds > apns.push_timeout_seconds) {
    options.fail_at("apns", "answer_timeout_seconds", "must not be above push_timeout_seconds");
  }
  if (apns.reconnect_first_seconds > apns.reconnect_seconds_max) {
    options.fail_at("apns", "reconnect_first_seconds", "must not be above reconnect_seconds_max");
  }
  if (wake.retry_first_seconds > wake.retry_seconds_max) {
    options.fail_at("wake", "retry_first_seconds", "must not be above retry_seconds_max");
  }
}

void check_proxies(const Configuration& configuration, OptionsFile& options) {
  const std::vector<std::string> peers = trusted_peers(configuration);
  const bool trusts_socket = std::ranges::find(peers, "unix") != peers.end();
  const bool trusts_addresses =
      std::ranges::any_of(peers, [](const std::string& peer) { return peer != "unix"; });
  const auto& proxied = configuration.proxied;
  if (configuration.device.proxy_protocol && !trusts_addresses) {
    options.fail_at(
        "device", "proxy_protocol",
        "means nothing without an address in trusted_proxies: say who sends the header");
  }
  if (!proxied.listen_address.empty() && !trusts_addresses) {
    options.fail_at("proxied", "listen_address",
                    "needs an address in device.trusted_proxies: nobody else may connect");
  }
  if (!proxied.socket_path.empty() && !trusts_socket) {
    options.fail_at("proxied", "socket_path", "needs \"unix\" in device.trusted_proxies");
  }
  if (!proxied.socket_path.empty() && proxied.socket_path == configuration.admin.socket_path) {
    options.fail_at("proxied", "socket_path", "is admin.socket_path: devices get one of their own");
  }
}

// What depends on more than one option.
void check_together(const Configuration& configuration, OptionsFile& options) {
  const auto& state = configuration.state;
  const auto& device = configuration.device;
  const auto& operators = configuration.operators;
  const auto& admin = configuration.admin;
  const auto& enrolment = configuration.enrolment;
  check_public_url(device.public_url, options);
  if (device.bodies_mebibytes_max < 2 * device.body_mebibytes_max) {
    options.fail_at("device", "bodies_mebibytes_max", "must be at least twice body_mebibytes_max");
  }
  if (device.spool_mebibytes_max < device.body_mebibytes_max) {
    options.fail_at("device", "spool_mebibytes_max", "must be at least body_mebibytes_max");
  }
  if (device.certificate_file.empty() != device.key_file.empty()) {
    options.fail_at("device", device.key_file.empty() ? "certificate_file" : "key_file",
                    "needs the other half: give both certificate_file and key_file, or neither");
  }
  if (operators.certificate_file.empty() != operators.key_file.empty()) {
    options.fail_at("operators", operators.key_file.empty() ? "certificate_file" : "key_file",
                    "needs the other half: give both certificate_file and key_file, or neither");
  }
  if (!operators.api_key.empty() && operators.api_key.size() < api_key_characters_min) {
    options.fail_at("operators", "api_key",
                    "must have at least 16 characters; `openssl rand -hex 24` makes a good one");
  }
  if (!operators.api_key.empty() && !operators.api_keys_file.empty()) {
    options.fail_at("operators", "api_key", "and api_keys_file exclude each other: keep one");
  }
  if (state.folder.empty()) options.fail_at("state", "folder", "must not be empty");
  if (admin.socket_path.empty()) options.fail_at("admin", "socket_path", "must not be empty");
  check_wakes(configuration, options);
  if (enrolment.organisation.empty()) {
    options.fail_at("enrolment", "organisation", "must not be empty");
  }
  check_device_messages(configuration, options);
  check_proxies(configuration, options);
}

LoadedConfiguration read(std::string_view text, const std::filesystem::path& file,
                         ConfigurationCheck check) {
  LoadedConfiguration loaded;
  OptionsFile options(text, file.string());
  if (options.mistakes().none()) {
    Reader reader(options, file.parent_path());
    visit_options(loaded.configuration, reader);
    options.find_unknown_keys();
    check_together(loaded.configuration, options);
    if (check != nullptr) check(loaded.configuration, options);
  }
  loaded.errors = options.mistakes().in_order();
  return loaded;
}

}  // namespace

LoadedConfiguration load_configuration(const std::filesystem::path& file,
                                       ConfigurationCheck check) {
  const Result<Bytes> text = read_whole_file(file);
  if (!text) {
    LoadedConfiguration failed;
    failed.errors.push_back(text.error().detail +
                            "; `reveilled --print-default-config` writes a complete one");
    return failed;
  }
  return read(*text, file, check);
}

LoadedConfiguration parse_configuration(std::string_view text, const std::filesystem::path& file) {
  return read(text, file, nullptr);
}

}  // namespace reveille

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "tools/reveille/configuration.h"
#include "tools/reveille/configuration_options.h"
#include "tools/reveille/suggestion.h"

namespace reveille {

namespace {

// Fills in what the file says, and remembers every error with its line.
class Reader final : public OptionVisitor {
 public:
  Reader(const toml::table& root, const std::filesystem::path& file) : root_(root), file_(file) {}

  void section(std::string_view name, std::string_view) override {
    section_ = name;
    known_[section_];
    const toml::node* node = root_.get(name);
    table_ = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table_ == nullptr) {
      fail(*node, fmt::format("{} must be a section: write [{}]", name, name));
    }
  }

  void text(std::string_view key, std::string& value, std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (const auto given = node->value_exact<std::string>()) {
      value = *given;
    } else {
      fail(*node, fmt::format("{} must be text in quotation marks", name_of(key)));
    }
  }

  void choice(std::string_view key, std::string& value,
              std::initializer_list<std::string_view> choices, std::string_view comment) override {
    const std::string before = value;
    text(key, value, comment);
    if (std::ranges::find(choices, value) != choices.end()) return;
    fail(*find(key), fmt::format("{} must be one of {}, not \"{}\"", name_of(key),
                                 fmt::join(choices, ", "), value));
    value = before;
  }

  void path(std::string_view key, std::filesystem::path& value, std::string_view comment) override {
    std::string given;
    text(key, given, comment);
    if (given.empty()) {
      if (table_ != nullptr && table_->contains(key)) value.clear();
      return;
    }
    value = std::filesystem::path(given);
    if (value.is_relative()) value = (file_.parent_path() / value).lexically_normal();
  }

  void number(std::string_view key, std::int64_t& value, Range range, std::string_view) override {
    const toml::node* node = find(key);
    if (node != nullptr) read_number(*node, key, value, range);
  }

  void numbers(std::string_view key, std::vector<std::int64_t>& value, Range range,
               std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr || list->empty()) {
      fail(*node, fmt::format("{} must be a list of numbers such as [30, 120]", name_of(key)));
      return;
    }
    value.clear();
    for (const toml::node& element : *list) {
      std::int64_t number = range.min;
      read_number(element, key, number, range);
      value.push_back(number);
    }
  }

  void flag(std::string_view key, bool& value, std::string_view) override {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (const auto given = node->value_exact<bool>()) {
      value = *given;
    } else {
      fail(*node, fmt::format("{} must be true or false", name_of(key)));
    }
  }

  // After all options were visited.
  void find_unknown_keys() {
    std::set<std::string_view> sections;
    for (const auto& [name, keys] : known_) sections.insert(name);
    for (const auto& [key, node] : root_) {
      const auto known = known_.find(key.str());
      if (known == known_.end()) {
        fail(node, fmt::format("there is no section [{}]; {}", key.str(),
                               suggestion(key.str(), sections)));
        continue;
      }
      if (!node.is_table()) continue;
      for (const auto& [option, value] : *node.as_table()) {
        if (known->second.contains(option.str())) continue;
        fail(value, fmt::format("there is no option {}.{}; {}", key.str(), option.str(),
                                suggestion(option.str(), known->second)));
      }
    }
  }

  // An error about an option, at its line when the file has it.
  void fail_at(std::string_view section_name, std::string_view key, std::string_view problem) {
    const auto node = root_[section_name][key];
    if (node) {
      fail(*node.node(), fmt::format("{}.{} {}", section_name, key, problem));
    } else {
      errors_.emplace(0, fmt::format("{}: {}.{} {}", file_.string(), section_name, key, problem));
    }
  }

  std::vector<std::string> errors() {
    std::vector<std::string> sentences;
    for (auto& [line, sentence] : errors_) sentences.push_back(std::move(sentence));
    return sentences;
  }

 private:
  const toml::node* find(std::string_view key) {
    known_[section_].insert(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }

  std::string name_of(std::string_view key) const { return fmt::format("{}.{}", section_, key); }

  void read_number(const toml::node& node, std::string_view key, std::int64_t& value, Range range) {
    const auto given = node.value_exact<std::int64_t>();
    if (given && *given >= range.min && *given <= range.max) {
      value = *given;
      return;
    }
    fail(node, fmt::format("{} must be a whole number from {} to {}{}", name_of(key), range.min,
                           range.max, given ? fmt::format(", not {}", *given) : ""));
  }

  void fail(const toml::node& node, std::string_view sentence) {
    const std::uint32_t line = node.source().begin.line;
    errors_.emplace(line, fmt::format("{}:{}: {}", file_.string(), line, sentence));
  }

  const toml::table& root_;
  const std::filesystem::path& file_;
  std::string section_;
  const toml::table* table_ = nullptr;
  std::map<std::string, std::set<std::string_view>, std::less<>> known_;
  std::multimap<std::uint32_t, std::string> errors_;  // by line; 0: the file as a whole
};

constexpr std::size_t api_key_characters_min = 16;

void check_public_url(const std::string& url, Reader& reader) {
  if (url.empty()) return;
  constexpr std::string_view scheme = "https://";
  const bool https = url.starts_with(scheme) && url.size() > scheme.size();
  const bool plain = url.find_first_of("/?# ", scheme.size()) == std::string::npos;
  if (https && plain) return;
  reader.fail_at("device", "public_url",
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
void check_device_messages(const Configuration& configuration, Reader& reader) {
  const auto& users = configuration.users;
  if (users.policy == "digest" && users.digest_file.empty()) {
    reader.fail_at("users", "policy", "digest needs digest_file; `htdigest -c FILE REALM USER` makes one");
  }
  if (users.realm.empty() || users.realm.find_first_of("\"\\:") != std::string::npos) {
    reader.fail_at("users", "realm", "must not be empty, nor hold quotation marks, backslashes or ':'");
  }
  const auto& tokens = configuration.tokens;
  if (tokens.maid_server_uuid.empty() != tokens.maid_key_file.empty()) {
    reader.fail_at("tokens", tokens.maid_key_file.empty() ? "maid_server_uuid" : "maid_key_file",
                   "needs the other half: give both maid_server_uuid and maid_key_file, or neither");
  }
  if (!tokens.maid_server_uuid.empty() && !is_uuid(tokens.maid_server_uuid)) {
    reader.fail_at("tokens", "maid_server_uuid", "must be a UUID, as Apple shows it");
  }
  const std::string& header = configuration.device.proxy_certificate_header;
  if (!header.empty() && configuration.device.trusted_proxies.empty()) {
    reader.fail_at("device", "proxy_certificate_header",
                   "means nothing without trusted_proxies: say who may send it");
  }
}

void check_wakes(const Configuration& configuration, Reader& reader) {
  const auto& apns = configuration.apns;
  const auto& wake = configuration.wake;
  if (apns.host.empty()) reader.fail_at("apns", "host", "must not be empty");
  if (apns.answer_timeout_seconds > apns.push_timeout_seconds) {
    reader.fail_at("apns", "answer_timeout_seconds", "must not be above push_timeout_seconds");
  }
  if (apns.reconnect_first_seconds > apns.reconnect_seconds_max) {
    reader.fail_at("apns", "reconnect_first_seconds", "must not be above reconnect_seconds_max");
  }
  if (wake.retry_first_seconds > wake.retry_seconds_max) {
    reader.fail_at("wake", "retry_first_seconds", "must not be above retry_seconds_max");
  }
}

void check_proxies(const Configuration& configuration, Reader& reader) {
  const std::vector<std::string> peers = trusted_peers(configuration);
  const bool trusts_socket = std::ranges::find(peers, "unix") != peers.end();
  const bool trusts_addresses =
      std::ranges::any_of(peers, [](const std::string& peer) { return peer != "unix"; });
  const auto& proxied = configuration.proxied;
  if (configuration.device.proxy_protocol && !trusts_addresses) {
    reader.fail_at("device", "proxy_protocol",
                   "means nothing without an address in trusted_proxies: say who sends the header");
  }
  if (!proxied.listen_address.empty() && !trusts_addresses) {
    reader.fail_at("proxied", "listen_address",
                   "needs an address in device.trusted_proxies: nobody else may connect");
  }
  if (!proxied.socket_path.empty() && !trusts_socket) {
    reader.fail_at("proxied", "socket_path", "needs \"unix\" in device.trusted_proxies");
  }
  if (!proxied.socket_path.empty() && proxied.socket_path == configuration.admin.socket_path) {
    reader.fail_at("proxied", "socket_path", "is admin.socket_path: devices get one of their own");
  }
}

// What depends on more than one option.
void check_together(const Configuration& configuration, Reader& reader) {
  const auto& state = configuration.state;
  const auto& device = configuration.device;
  const auto& operators = configuration.operators;
  const auto& admin = configuration.admin;
  const auto& enrolment = configuration.enrolment;
  check_public_url(device.public_url, reader);
  if (device.bodies_mebibytes_max < 2 * device.body_mebibytes_max) {
    reader.fail_at("device", "bodies_mebibytes_max", "must be at least twice body_mebibytes_max");
  }
  if (device.certificate_file.empty() != device.key_file.empty()) {
    reader.fail_at("device", device.key_file.empty() ? "certificate_file" : "key_file",
                   "needs the other half: give both certificate_file and key_file, or neither");
  }
  if (operators.certificate_file.empty() != operators.key_file.empty()) {
    reader.fail_at("operators", operators.key_file.empty() ? "certificate_file" : "key_file",
                   "needs the other half: give both certificate_file and key_file, or neither");
  }
  if (!operators.api_key.empty() && operators.api_key.size() < api_key_characters_min) {
    reader.fail_at("operators", "api_key",
                   "must have at least 16 characters; `openssl rand -hex 24` makes a good one");
  }
  if (!operators.api_key.empty() && !operators.api_keys_file.empty()) {
    reader.fail_at("operators", "api_key", "and api_keys_file exclude each other: keep one");
  }
  if (state.folder.empty()) reader.fail_at("state", "folder", "must not be empty");
  if (admin.socket_path.empty()) reader.fail_at("admin", "socket_path", "must not be empty");
  check_wakes(configuration, reader);
  if (enrolment.organisation.empty()) {
    reader.fail_at("enrolment", "organisation", "must not be empty");
  }
  check_device_messages(configuration, reader);
  check_proxies(configuration, reader);
}

}  // namespace

LoadedConfiguration parse_configuration(std::string_view text, const std::filesystem::path& file) {
  LoadedConfiguration loaded;
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    loaded.errors.push_back(fmt::format("{}:{}: not TOML: {}", file.string(),
                                        error.source().begin.line, error.description()));
    return loaded;
  }
  Reader reader(root, file);
  visit_options(loaded.configuration, reader);
  reader.find_unknown_keys();
  check_together(loaded.configuration, reader);
  loaded.errors = reader.errors();
  return loaded;
}

}  // namespace reveille

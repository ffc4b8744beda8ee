#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reveille {

class OptionsFile;

// What reveille.toml can say, with the defaults that hold for what it leaves out. Each option's
// meaning and range stand in configuration_options.cpp, from which --print-default-config and every
// error are made. Units are in the names; relative paths count from the file's folder.
struct Configuration {
  struct State {
    std::filesystem::path folder = "/var/lib/reveille";
  } state;

  struct Device {
    std::string listen_address = "0.0.0.0";
    std::int64_t port = 8443;
    std::string public_url;  // empty: https://localhost and the port
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
    std::int64_t connections_max = 10'000;
    std::int64_t body_mebibytes_max = 32;
    std::int64_t bodies_mebibytes_max = 256;
    std::int64_t spool_mebibytes_max = 1'024;
    std::int64_t request_timeout_seconds = 60;
    std::int64_t idle_timeout_seconds = 300;
    std::string trusted_proxies;
    std::string proxy_certificate_header;
    bool proxy_protocol = false;
  } device;

  struct Proxied {
    std::string listen_address;  // empty: no port
    std::int64_t port = 8080;
    std::filesystem::path socket_path;  // empty: no socket
    std::string socket_access = "owner";
    bool proxy_protocol = false;
  } proxied;

  struct Operators {
    std::string listen_address = "127.0.0.1";
    std::int64_t port = 9443;
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
    std::string api_key;  // secret
    std::filesystem::path api_keys_file;
    std::int64_t connections_max = 256;
    std::int64_t push_wait_seconds = 15;
  } operators;

  struct Admin {
    std::filesystem::path socket_path = "/run/reveille/admin.sock";
  } admin;

  struct Apns {
    std::string host = "api.push.apple.com";
    std::int64_t port = 443;
    std::filesystem::path anchors_file;
    std::int64_t connections_max = 4;
    std::int64_t streams_per_connection_max = 1'000;
    std::int64_t new_connections_per_minute_max = 60;
    std::string proxy_host;
    std::int64_t proxy_port = 3'128;
    std::int64_t queue_pushes_max = 65'536;
    std::int64_t push_timeout_seconds = 30;
    std::int64_t answer_timeout_seconds = 10;
    std::int64_t attempts_max = 3;
    std::int64_t connect_timeout_seconds = 10;
    std::int64_t reconnect_first_seconds = 1;
    std::int64_t reconnect_seconds_max = 60;
    std::int64_t certificate_retry_seconds = 900;
    std::int64_t ping_after_seconds = 20;
    std::int64_t ping_idle_seconds = 3'600;
    std::int64_t ping_timeout_seconds = 8;
    std::int64_t grow_after_milliseconds = 20;
    std::int64_t shrink_after_seconds = 60;
  } apns;

  struct Wake {
    std::vector<std::int64_t> silence_seconds = {30, 120, 480, 1'800, 14'400, 86'400};
    std::int64_t long_silence_days = 30;
    std::int64_t unreachable_after_days = 180;
    std::int64_t pushes_per_second_max = 0;
    std::int64_t topic_pushes_per_second_max = 0;
    std::int64_t in_flight_max = 8'192;
    std::int64_t coalescing_seconds = 10;
    std::int64_t expiration_seconds = 604'800;
    std::int64_t expiration_seconds_max = 2'592'000;
    std::int64_t retry_first_seconds = 2;
    std::int64_t retry_seconds_max = 900;
    std::int64_t token_busy_first_seconds = 30;
    std::int64_t topic_probe_seconds = 300;
    std::int64_t requests_max = 16'384;
    std::int64_t answer_seconds = 60;
    std::int64_t not_now_promised_seconds = 3'600;
    std::int64_t not_now_unpromised_seconds = 60;
  } wake;

  struct Batch {
    std::int64_t chunk_enrolments_max = 256;
    std::int64_t chunks_in_flight_max = 1;
    std::int64_t busy_share_percent = 20;
    std::int64_t unfinished_max = 10'000;
  } batch;

  struct Storage {
    std::int64_t lanes = 1;
    std::int64_t block_cache_mebibytes = 64;
    std::int64_t write_buffer_mebibytes = 32;
    std::int64_t free_mebibytes_min = 256;
    std::int64_t queue_commands_max = 1'000;
  } storage;

  struct Network {
    std::int64_t lanes = 0;
  } network;

  struct Enrolment {
    std::string organisation = "reveille";
    bool sign_profile = true;
    bool sign_message = false;
    std::int64_t identity_days = 365;
    std::int64_t renewal_overlap_days = 14;
    std::int64_t link_valid_seconds = 86'400;
    bool adopt_unbound = false;
  } enrolment;

  struct Users {
    std::string policy = "refuse";
    std::string realm = "reveille";
    std::filesystem::path digest_file;
    std::int64_t nonce_seconds = 300;
  } users;

  struct Declarations {
    std::string url;
    std::filesystem::path anchors_file;
    std::string send_key;     // secret
    std::string receive_key;  // secret
    std::int64_t timeout_seconds = 10;
  } declarations;

  struct Tokens {
    std::string maid_server_uuid;
    std::filesystem::path maid_key_file;
    bool watch_pairing = false;
    std::int64_t watch_pairing_seconds = 600;
  } tokens;

  struct ReturnToService {
    bool enabled = false;
    std::filesystem::path wifi_profile_file;
    std::filesystem::path mdm_profile_file;
  } return_to_service;

  struct Log {
    std::string level = "info";
    std::string format = "auto";
  } log;
};

// A file as it was read: every error it has, one sentence each, "FILE:LINE: what is wrong and how
// to mend it". With no errors the configuration may be used.
struct LoadedConfiguration {
  Configuration configuration;
  std::vector<std::string> errors;
};

// More that can be wrong with options that are right by themselves, such as the files they name.
using ConfigurationCheck = void (*)(const Configuration&, OptionsFile&);

LoadedConfiguration load_configuration(const std::filesystem::path& file, ConfigurationCheck check);

// The same on a text, without a further check; `file` names it in errors, and its folder is where
// relative paths start.
LoadedConfiguration parse_configuration(std::string_view text, const std::filesystem::path& file);

// The words of device.trusted_proxies.
std::vector<std::string> trusted_peers(const Configuration& configuration);

// A complete file with every option at its default and a comment that explains it.
std::string print_default_configuration();

}  // namespace reveille

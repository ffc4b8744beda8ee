#include "tools/reveille/part_options.h"

#include <chrono>
#include <utility>

namespace reveille {

namespace {

constexpr std::size_t mebibyte = 1u << 20;
// An operator's request may name 28,000 enrolments in its path (nanomdm-api.md 2).
constexpr std::size_t operators_head_bytes_max = mebibyte;
// A batch may name 1,000,000 in its body, of 36 characters each.
constexpr std::size_t operators_body_bytes_max = 64 * mebibyte;

std::size_t size_from(std::int64_t number) { return static_cast<std::size_t>(number); }

}  // namespace

storage::RocksdbOptions rocksdb_options(const Configuration& configuration,
                                        const std::filesystem::path& folder, Bytes secret_key) {
  const Configuration::Storage& storage = configuration.storage;
  storage::RocksdbOptions options;
  options.store.wake_coalescing = std::chrono::seconds(configuration.wake.coalescing_seconds);
  options.store.queue_commands_max = size_from(storage.queue_commands_max);
  options.folder = folder;
  options.secret_key = std::move(secret_key);
  options.block_cache_bytes = size_from(storage.block_cache_mebibytes) * mebibyte;
  options.write_buffer_bytes = size_from(storage.write_buffer_mebibytes) * mebibyte;
  options.free_bytes_min = size_from(storage.free_mebibytes_min) * mebibyte;
  return options;
}

StorageLanesOptions storage_lanes_options(const Configuration& configuration) {
  StorageLanesOptions options;
  options.lanes = size_from(configuration.storage.lanes);
  return options;
}

wake::WakeOptions wake_options(const Configuration& configuration) {
  const Configuration::Wake& wake = configuration.wake;
  wake::WakeOptions options;
  options.in_flight_max = size_from(wake.in_flight_max);
  options.pushes_per_second_max = size_from(wake.pushes_per_second_max);
  options.topic_pushes_per_second_max = size_from(wake.topic_pushes_per_second_max);
  options.silence.clear();
  for (const std::int64_t seconds : wake.silence_seconds) options.silence.emplace_back(seconds);
  options.long_silence = std::chrono::days(wake.long_silence_days);
  options.unreachable_after = std::chrono::days(wake.unreachable_after_days);
  options.expiration = std::chrono::seconds(wake.expiration_seconds);
  options.expiration_max = std::chrono::seconds(wake.expiration_seconds_max);
  options.retry_first = std::chrono::seconds(wake.retry_first_seconds);
  options.retry_max = std::chrono::seconds(wake.retry_seconds_max);
  options.token_busy_first = std::chrono::seconds(wake.token_busy_first_seconds);
  options.topic_probe = std::chrono::seconds(wake.topic_probe_seconds);
  options.requests_max = size_from(wake.requests_max);
  return options;
}

batch::ExpanderOptions expander_options(const Configuration& configuration) {
  const Configuration::Batch& batch = configuration.batch;
  batch::ExpanderOptions options;
  options.chunk_enrolments_max = size_from(batch.chunk_enrolments_max);
  options.chunks_in_flight_max = size_from(batch.chunks_in_flight_max);
  options.busy_share_percent = size_from(batch.busy_share_percent);
  options.unfinished_max = size_from(batch.unfinished_max);
  return options;
}

apns::ClientOptions apns_options(const Configuration& configuration,
                                 std::vector<pki::Certificate> anchors) {
  const Configuration::Apns& apns = configuration.apns;
  apns::ClientOptions options;
  options.host = apns.host;
  options.port = static_cast<std::uint16_t>(apns.port);
  options.anchors = std::move(anchors);
  options.connections_max = size_from(apns.connections_max);
  options.streams_per_connection_max = size_from(apns.streams_per_connection_max);
  options.dials_per_minute_max = size_from(apns.new_connections_per_minute_max);
  options.proxy_host = apns.proxy_host;
  options.proxy_port = static_cast<std::uint16_t>(apns.proxy_port);
  options.queue_capacity = size_from(apns.queue_pushes_max);
  options.push_timeout = std::chrono::seconds(apns.push_timeout_seconds);
  options.answer_timeout = std::chrono::seconds(apns.answer_timeout_seconds);
  options.attempts_max = size_from(apns.attempts_max);
  options.connect_timeout = std::chrono::seconds(apns.connect_timeout_seconds);
  options.backoff_first = std::chrono::seconds(apns.reconnect_first_seconds);
  options.backoff_max = std::chrono::seconds(apns.reconnect_seconds_max);
  options.certificate_retry = std::chrono::seconds(apns.certificate_retry_seconds);
  options.ping_after = std::chrono::seconds(apns.ping_after_seconds);
  options.ping_idle = std::chrono::seconds(apns.ping_idle_seconds);
  options.ping_timeout = std::chrono::seconds(apns.ping_timeout_seconds);
  options.grow_after = std::chrono::milliseconds(apns.grow_after_milliseconds);
  options.shrink_after = std::chrono::seconds(apns.shrink_after_seconds);
  return options;
}

http::SpoolOptions spool_options(const Configuration& configuration,
                                 const std::filesystem::path& folder) {
  http::SpoolOptions options;
  options.folder = folder;
  options.bytes_max = size_from(configuration.device.spool_mebibytes_max) * mebibyte;
  options.free_bytes_min = size_from(configuration.storage.free_mebibytes_min) * mebibyte;
  return options;
}

http::ListenerOptions device_listener_options(const Configuration& configuration) {
  const Configuration::Device& device = configuration.device;
  http::ListenerOptions options;
  options.address = device.listen_address;
  options.port = static_cast<std::uint16_t>(device.port);
  options.connections_max = size_from(device.connections_max);
  options.body_bytes_max = size_from(device.body_mebibytes_max) * mebibyte;
  options.bodies_bytes_max = size_from(device.bodies_mebibytes_max) * mebibyte;
  options.request_timeout = std::chrono::seconds(device.request_timeout_seconds);
  options.idle_timeout = std::chrono::seconds(device.idle_timeout_seconds);
  return options;
}

http::ListenerOptions proxied_port_options(const Configuration& configuration,
                                           const http::AddressSet& trusted) {
  const Configuration::Proxied& proxied = configuration.proxied;
  http::ListenerOptions options = device_listener_options(configuration);
  options.address = proxied.listen_address;
  options.port = static_cast<std::uint16_t>(proxied.port);
  options.admitted = trusted;
  options.proxy_protocol_from = proxied.proxy_protocol ? trusted : http::AddressSet{};
  return options;
}

http::ListenerOptions proxied_socket_options(const Configuration& configuration,
                                             const http::AddressSet& trusted) {
  const Configuration::Proxied& proxied = configuration.proxied;
  http::ListenerOptions options = proxied_port_options(configuration, trusted);
  options.unix_path = proxied.socket_path;
  if (proxied.socket_access == "group") options.unix_mode = 0660;
  if (proxied.socket_access == "everyone") options.unix_mode = 0666;
  return options;
}

http::ListenerOptions operators_listener_options(const Configuration& configuration) {
  const Configuration::Operators& operators = configuration.operators;
  http::ListenerOptions options;
  options.address = operators.listen_address;
  options.port = static_cast<std::uint16_t>(operators.port);
  options.connections_max = size_from(operators.connections_max);
  options.request_line_bytes_max = operators_head_bytes_max;
  options.head_bytes_max = operators_head_bytes_max;
  options.body_bytes_max = operators_body_bytes_max;
  return options;
}

http::ListenerOptions admin_listener_options(const Configuration& configuration) {
  http::ListenerOptions options;
  options.unix_path = configuration.admin.socket_path;
  options.connections_max = 64;
  options.request_line_bytes_max = operators_head_bytes_max;
  options.head_bytes_max = operators_head_bytes_max;
  options.body_bytes_max = operators_body_bytes_max;
  return options;
}

}  // namespace reveille

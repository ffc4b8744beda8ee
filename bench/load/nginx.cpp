#include "bench/load/nginx.h"

#include <fmt/format.h>

#include "bench/load/loopback_port.h"
#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

// The daemon's own TLS settings: 1.2 and 1.3, a client certificate that must verify, tickets on.
std::string configuration_text(const std::filesystem::path& folder,
                               const std::filesystem::path& state_folder, std::uint16_t port) {
  return fmt::format(
      "daemon off;\nmaster_process off;\npid {0}/nginx.pid;\nerror_log {0}/nginx-error.log warn;\n"
      "worker_rlimit_nofile 65536;\n"
      "events {{ worker_connections 20000; }}\n"
      "http {{\n"
      "  access_log off;\n"
      "  keepalive_requests 1000000000;\n  keepalive_timeout 3600s;\n"
      "  client_body_temp_path {0}/nginx-body;\n  proxy_temp_path {0}/nginx-proxy;\n"
      "  fastcgi_temp_path {0}/nginx-fastcgi;\n  uwsgi_temp_path {0}/nginx-uwsgi;\n"
      "  scgi_temp_path {0}/nginx-scgi;\n"
      "  server {{\n"
      "    listen 127.0.0.1:{2} ssl http2 backlog=4096;\n"
      "    ssl_certificate {1}/server.pem;\n    ssl_certificate_key {1}/server.key;\n"
      "    ssl_protocols TLSv1.2 TLSv1.3;\n"
      "    ssl_client_certificate {1}/ca.pem;\n    ssl_verify_client on;\n"
      "    location / {{ return 200; }}\n"
      "  }}\n}}\n",
      folder.string(), state_folder.string(), port);
}

}  // namespace

bool nginx_is_installed() { return is_installed("nginx"); }

Result<Nginx> start_nginx(const std::filesystem::path& folder,
                          const std::filesystem::path& state_folder) {
  Nginx nginx{.process = nullptr, .port = free_loopback_port()};
  const std::filesystem::path configuration = folder / "nginx.conf";
  Result<void> written =
      write_private_file(configuration, configuration_text(folder, state_folder, nginx.port));
  if (!written) return std::unexpected(std::move(written.error()));
  auto process = ChildProcess::start(
      "nginx", {"-c", configuration.string(), "-e", (folder / "nginx-error.log").string()},
      folder / "nginx.log");
  if (!process) return std::unexpected(std::move(process.error()));
  nginx.process = *std::move(process);
  Result<void> ready =
      nginx.process->wait_until([port = nginx.port] { return accepts_connections(port); },
                                std::chrono::seconds(20), "nginx listened");
  if (!ready) return std::unexpected(std::move(ready.error()));
  return nginx;
}

}  // namespace reveille::bench

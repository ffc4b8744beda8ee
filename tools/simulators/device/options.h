#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

enum class KeyKind { ec, rsa };
enum class IdentityProof { certificate, signature };  // TLS client certificate, or Mdm-Signature
enum class HttpVersion { http1, http2 };

struct FleetOptions {
  // Enrolment URLs, each with its challenge: one a device; those beyond are for devices that
  // come back.
  std::vector<std::string> links;
  std::size_t devices = 0;               // 0: as many as links
  std::filesystem::path authority_file;  // PEM: whom the devices trust for TLS
  std::optional<std::filesystem::path> notify_socket;  // reveille-apns's --notify-socket
  std::optional<std::filesystem::path> control_socket;
  std::optional<std::filesystem::path> history_file;
  KeyKind keys = KeyKind::ec;
  std::size_t key_pool = 16;  // RSA keys made, and shared by the devices: they are slow to make
  IdentityProof proof = IdentityProof::certificate;
  HttpVersion http = HttpVersion::http1;

  std::size_t concurrency = 64;                   // devices that enrol or talk at the same time
  std::chrono::milliseconds connect_delay{5};     // from push to connection, and up to double
  std::chrono::milliseconds answer_delay{0};      // work on a command
  std::chrono::milliseconds not_now_poll{2'000};  // until it connects by itself after a NotNow
  std::chrono::milliseconds request_timeout{30'000};
  // While it enrols a device waits as long for an answer as Apple's URL loading does. A server that
  // did not answer, or with 503, is asked again in a while, so many times for each step.
  std::chrono::milliseconds enrolment_timeout{60'000};
  std::size_t enrolment_attempts_max = 1;
  std::chrono::milliseconds retry_first{200};  // doubles up to retry_max while the server is away
  std::chrono::milliseconds retry_max{5'000};
  std::uint64_t seed = 1;
  std::string udid_prefix = "SIM";

  Scenario scenario;
  // Of account-driven enrolments: the first is sent until a 401 asks to sign in again, then the
  // next. A server that does not check them takes what devices make up when there are none.
  std::vector<std::string> bearer_tokens;
};

}  // namespace reveille::simulators::device

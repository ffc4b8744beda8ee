#pragma once

#include <filesystem>
#include <string>

#include "protocol/base/error.h"

namespace reveille::bench {

// An Apple of one's own, as files in a folder: what reveille-apns serves TLS with, and the push
// certificate that a daemon presents to it.
struct DevelopmentApple {
  std::string topic;
  std::filesystem::path authority_file;  // apple.pem
  std::filesystem::path server_certificate_file, server_key_file;
  std::string push_certificate_pem;  // certificate and key
};

// Errors: unavailable, naming the file.
Result<DevelopmentApple> make_development_apple(const std::filesystem::path& folder);

}  // namespace reveille::bench

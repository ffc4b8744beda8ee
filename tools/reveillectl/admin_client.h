#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille {

// Talks to the daemon over its admin socket, one request a connection. Blocks.
class AdminClient {
 public:
  explicit AdminClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  struct Answer {
    int status = 0;
    std::string text;            // as it came
    boost::json::object object;  // the same, parsed
  };

  // Errors, as sentences for people: unavailable when the daemon does not answer (with the socket
  // and what to do), and what the daemon answered with 4xx or 5xx.
  Result<Answer> request(std::string_view method, std::string_view target, std::string body) const;
  Result<Answer> get(std::string_view target) const { return request("GET", target, ""); }

 private:
  std::filesystem::path socket_;
};

// Percent-encodes one segment of a path.
std::string path_segment(std::string_view text);

}  // namespace reveille

#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille::simulators::device {

// What happened to each device, one JSON object a line, in the order it happened here:
//
//   {"t": milliseconds since 1970, "device": UDID, "event": EVENT, "command": UUID}
//   EVENT: enrolled, pushed, handed_out, acknowledged, failed, not_now, erased, checked_out, left
//
// An answer is written once the server has given its 2xx for it. Flushed line by line, so that a
// reader can follow.
class History {
 public:
  static Result<std::unique_ptr<History>> open(const std::filesystem::path& path);

  void write(std::string_view device, std::string_view event, std::string_view command = {});

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit History(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace reveille::simulators::device

#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/pki/certificate.h"
#include "tools/simulators/device/bodies.h"
#include "tools/simulators/device/history.h"
#include "tools/simulators/device/options.h"
#include "tools/simulators/device/report.h"

namespace reveille::simulators::device {

class Channel;

// Who brings pushes to channels.
class PushTokens {
 public:
  virtual ~PushTokens() = default;
  // From now on pushes to this token wake the channel, and APNs knows the token.
  virtual void add(Channel& channel, const PushAddress& address) = 0;
  // APNs answers 410 to it from now on.
  virtual void remove(const Bytes& token) = 0;
};

// Links that nobody has enrolled with, for devices that come back.
class SpareLinks {
 public:
  explicit SpareLinks(std::span<const std::string> links) : links_(links) {}
  std::optional<std::string> take() {
    if (links_.empty()) return std::nullopt;
    std::string link = links_.front();
    links_ = links_.subspan(1);
    return link;
  }

 private:
  std::span<const std::string> links_;
};

// What the devices of a fleet share. Everything outlives them.
struct FleetServices {
  boost::asio::io_context& lane;
  const FleetOptions& options;
  const std::vector<pki::Certificate>& anchors;
  Report& report;
  PushTokens& push_tokens;
  SpareLinks& spare_links;
  History* history;  // nullptr: nobody keeps one
};

}  // namespace reveille::simulators::device

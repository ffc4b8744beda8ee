#include "protocol/apns/notification.h"

#include <boost/json/serialize.hpp>

namespace reveille::apns {

std::string path_of(const mdm::PushToken& token) { return "/3/device/" + to_hex(token.bytes); }

Bytes payload_of(const mdm::PushMagic& magic) {
  return R"({"mdm":)" + boost::json::serialize(boost::json::string_view(magic.text)) + "}";
}

}  // namespace reveille::apns

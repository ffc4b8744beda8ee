#include "protocol/apns/notification.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace reveille::apns {
namespace {

// What JSON takes as it is: Apple's magic is a UUID, so this is nearly every one.
bool is_plain(char character) {
  return character >= ' ' && character <= '~' && character != '"' && character != '\\';
}

}  // namespace

std::string path_of(const mdm::PushToken& token) {
  std::string path;
  append_path(path, token);
  return path;
}

void append_path(std::string& output, const mdm::PushToken& token) {
  constexpr char digits[] = "0123456789abcdef";
  output += "/3/device/";
  const std::size_t begin = output.size();
  output.resize(begin + 2 * token.bytes.size());
  char* digit = output.data() + begin;
  for (const char byte : token.bytes) {
    *digit++ = digits[static_cast<unsigned char>(byte) >> 4];
    *digit++ = digits[static_cast<unsigned char>(byte) & 0xf];
  }
}

Bytes payload_of(const mdm::PushMagic& magic) {
  Bytes payload;
  append_payload(payload, magic);
  return payload;
}

void append_payload(Bytes& output, const mdm::PushMagic& magic) {
  output += R"({"mdm":)";
  if (std::ranges::all_of(magic.text, is_plain)) {
    output.append(1, '"').append(magic.text).append(1, '"');
  } else {
    output += boost::json::serialize(boost::json::string_view(magic.text));
  }
  output += '}';
}

}  // namespace reveille::apns

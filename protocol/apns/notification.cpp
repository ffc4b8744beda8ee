#include "protocol/apns/notification.h"

#include <array>
#include <boost/json/serialize.hpp>
#include <cstring>

namespace reveille::apns {
namespace {

// What JSON takes as it is. Tables, since both are asked for each character of each push.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = ' '; byte <= '~'; ++byte) table[byte] = byte != '"' && byte != '\\';
  return table;
}();

constexpr std::array<std::array<char, 2>, 256> hexadecimal = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> table{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    table[byte] = {digits[byte >> 4], digits[byte & 0xf]};
  }
  return table;
}();

// Apple's magic is a UUID, so this is nearly every one.
bool is_plain(std::string_view text) {
  bool all = true;
  for (const char character : text) all &= plain[static_cast<unsigned char>(character)];
  return all;
}

}  // namespace

std::string path_of(const mdm::PushToken& token) {
  std::string path;
  append_path(path, token);
  return path;
}

void append_path(std::string& output, const mdm::PushToken& token) {
  output += "/3/device/";
  const std::size_t begin = output.size();
  output.resize(begin + 2 * token.bytes.size());
  char* digit = output.data() + begin;
  for (const char byte : token.bytes) {
    std::memcpy(digit, hexadecimal[static_cast<unsigned char>(byte)].data(), 2);
    digit += 2;
  }
}

Bytes payload_of(const mdm::PushMagic& magic) {
  Bytes payload;
  append_payload(payload, magic);
  return payload;
}

void append_payload(Bytes& output, const mdm::PushMagic& magic) {
  output += R"({"mdm":)";
  if (is_plain(magic.text)) {
    output.append(1, '"').append(magic.text).append(1, '"');
  } else {
    output += boost::json::serialize(boost::json::string_view(magic.text));
  }
  output += '}';
}

}  // namespace reveille::apns

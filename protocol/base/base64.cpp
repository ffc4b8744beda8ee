#include "protocol/base/base64.h"

#include <array>
#include <cstdint>

namespace reveille {
namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t not_in_alphabet = 0xff;
constexpr std::uint8_t blank = 0xfe;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_in_alphabet);
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(alphabet[i])] = i;
  for (const char character : {' ', '\t', '\r', '\n'}) {
    values[static_cast<unsigned char>(character)] = blank;
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> values = make_values();

}  // namespace

std::string to_base64(BytesView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (const int shift : {18, 12, 6, 0}) text.push_back(alphabet[group >> shift & 63]);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 1) {
    const std::uint32_t group = byte(i) << 16;
    text.push_back(alphabet[group >> 18 & 63]);
    text.push_back(alphabet[group >> 12 & 63]);
    text.append("==");
  } else if (rest == 2) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8;
    for (const int shift : {18, 12, 6}) text.push_back(alphabet[group >> shift & 63]);
    text.push_back('=');
  }
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int in_group = 0;
  int padding = 0;
  for (const char character : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(character)];
    if (value == blank) continue;
    if (character == '=') {
      ++padding;
      if (in_group + padding > 4 || in_group < 2) return std::nullopt;
      continue;
    }
    if (value == not_in_alphabet || padding > 0) return std::nullopt;
    group = group << 6 | value;
    if (++in_group == 4) {
      bytes.push_back(static_cast<char>(group >> 16 & 0xff));
      bytes.push_back(static_cast<char>(group >> 8 & 0xff));
      bytes.push_back(static_cast<char>(group & 0xff));
      group = 0;
      in_group = 0;
    }
  }
  if (in_group == 0) return bytes;  // then there was no padding: it would have been refused above
  if (in_group == 1 || in_group + padding != 4) return std::nullopt;
  if (in_group == 2) {
    bytes.push_back(static_cast<char>(group >> 4 & 0xff));
  } else {
    bytes.push_back(static_cast<char>(group >> 10 & 0xff));
    bytes.push_back(static_cast<char>(group >> 2 & 0xff));
  }
  return bytes;
}

std::string to_base64url(BytesView bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& character : text) {
    if (character == '+') character = '-';
    if (character == '/') character = '_';
  }
  return text;
}

std::optional<Bytes> from_base64url(std::string_view text) {
  std::string standard(text);
  for (char& character : standard) {
    if (character == '-') {
      character = '+';
    } else if (character == '_') {
      character = '/';
    } else if (character == '+' || character == '/' || character == '=') {
      return std::nullopt;
    }
  }
  while (standard.size() % 4 != 0) standard.push_back('=');
  std::optional<Bytes> bytes = from_base64(standard);
  if (!bytes || to_base64url(*bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace reveille

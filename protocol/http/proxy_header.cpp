#include "protocol/http/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/base/ensure.h"

namespace reveille::http {
namespace {

constexpr std::size_t v1_bytes_max = 107;
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed_bytes = 16;

std::unexpected<Error> broken(const char* what) {
  return failure(ErrorCode::malformed, std::string("PROXY header: ") + what);
}

std::size_t byte_at(BytesView bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t number_at(BytesView bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// `raw`: 4 or 16 bytes in network order.
std::string endpoint(int family, BytesView raw, std::size_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ensure(inet_ntop(family, raw.data(), text.data(), text.size()) != nullptr,
         "an address of its family's size has a text");
  const std::string host(text.data());
  return (family == AF_INET6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

std::optional<std::size_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return port;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    if (blank == std::string_view::npos) return words;
    line.remove_prefix(blank + 1);
  }
}

}  // namespace

Result<std::size_t> ProxyHeaderReader::feed(BytesView available) {
  ensure(!whole_, "a PROXY header is read once");
  if (available.empty()) return std::size_t{0};
  const char first = taken_.empty() ? available.front() : taken_.front();
  if (first == 'P') return feed_v1(available);
  if (first == signature.front()) return feed_v2(available);
  return broken("it is missing");
}

Result<std::size_t> ProxyHeaderReader::feed_v1(BytesView available) {
  const std::size_t end = available.find('\n');
  const std::size_t count = end == BytesView::npos ? available.size() : end + 1;
  if (taken_.size() + count > v1_bytes_max) return broken("version 1, but no end of line");
  taken_ += available.substr(0, count);
  if (end == BytesView::npos) return count;
  const Result<void> read = read_v1();
  if (!read) return std::unexpected(read.error());
  whole_ = true;
  return count;
}

Result<void> ProxyHeaderReader::read_v1() {
  if (!taken_.ends_with("\r\n")) return broken("version 1, but no CRLF");
  const auto words = words_of(std::string_view(taken_).substr(0, taken_.size() - 2));
  if (words.size() < 2 || words[0] != "PROXY") return broken("neither version");
  if (words[1] == "UNKNOWN") return {};
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) {
    return broken("version 1, but not its six words");
  }
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  std::array<char, 16> raw{};
  const std::optional<std::size_t> port = port_of(words[4]);
  if (inet_pton(family, std::string(words[2]).c_str(), raw.data()) != 1 || !port) {
    return broken("version 1, but no source");
  }
  source_ = endpoint(family, {raw.data(), raw.size()}, *port);
  return {};
}

Result<std::size_t> ProxyHeaderReader::feed_v2(BytesView available) {
  std::size_t count = 0;
  if (taken_.size() < v2_fixed_bytes) {
    count = std::min(v2_fixed_bytes - taken_.size(), available.size());
    taken_ += available.substr(0, count);
    const std::size_t known = std::min(taken_.size(), signature.size());
    if (std::string_view(taken_).substr(0, known) != signature.substr(0, known)) {
      return broken("neither version");
    }
    if (taken_.size() < v2_fixed_bytes) return count;
    if (byte_at(taken_, 12) >> 4 != 2) return broken("a version that we do not know");
    if (v2_fixed_bytes + number_at(taken_, 14) > v2_bytes_max) return broken("too long");
  }
  const std::size_t left = v2_fixed_bytes + number_at(taken_, 14) - taken_.size();
  const BytesView more = available.substr(count, left);
  taken_ += more;
  count += more.size();
  if (more.size() < left) return count;
  const Result<void> read = read_v2();
  if (!read) return std::unexpected(read.error());
  whole_ = true;
  return count;
}

Result<void> ProxyHeaderReader::read_v2() {
  const std::size_t command = byte_at(taken_, 12) & 0x0F;
  if (command == 0) return {};
  if (command != 1) return broken("a command that we do not know");
  const std::size_t family_and_transport = byte_at(taken_, 13);
  const BytesView rest = BytesView(taken_).substr(v2_fixed_bytes);
  const bool is_v4 = family_and_transport == 0x11;
  if (!is_v4 && family_and_transport != 0x21) return {};
  const std::size_t address_bytes = is_v4 ? 4 : 16;
  if (rest.size() < 2 * address_bytes + 4) return broken("version 2, but too short for its family");
  source_ = endpoint(is_v4 ? AF_INET : AF_INET6, rest.substr(0, address_bytes),
                     number_at(rest, 2 * address_bytes));
  return {};
}

}  // namespace reveille::http

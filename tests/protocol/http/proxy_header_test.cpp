#include "protocol/http/proxy_header.h"

#include <gtest/gtest.h>

namespace reveille::http {
namespace {

using namespace std::string_literals;

const Bytes signature = "\r\n\r\n\0\r\nQUIT\n"s;
// What haproxy 2.6 sends for 192.0.2.7:50123 to 192.0.2.1:443.
const Bytes v2_tcp4 =
    signature + "\x21\x11\x00\x0C\xC0\x00\x02\x07\xC0\x00\x02\x01\xC3\xCB\x01\xBB"s;
const std::string v1_tcp4 = "PROXY TCP4 192.0.2.7 192.0.2.1 50123 443\r\n";

struct Outcome {
  std::size_t taken = 0;
  bool whole = false;
  bool broken = false;
  std::string source;  // "": none
};

// Feeds it `piece` bytes at a time, as a peek shows them: what was not taken comes again.
Outcome read(BytesView bytes, std::size_t piece) {
  ProxyHeaderReader reader;
  Outcome outcome;
  while (!reader.is_whole() && outcome.taken < bytes.size()) {
    const auto taken = reader.feed(bytes.substr(outcome.taken, piece));
    if (!taken) {
      outcome.broken = true;
      return outcome;
    }
    EXPECT_GT(*taken, 0u) << "whoever waits for more would wait for ever";
    outcome.taken += *taken;
  }
  outcome.whole = reader.is_whole();
  outcome.source = reader.source().value_or("");
  return outcome;
}

void expect_source(const Bytes& header, const std::string& source) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{10'000}}) {
    const Outcome outcome = read(header + "\x16\x03\x01 the peer's first bytes\n", piece);
    EXPECT_TRUE(outcome.whole) << piece;
    EXPECT_EQ(outcome.taken, header.size()) << "not one byte of the peer's";
    EXPECT_EQ(outcome.source, source);
  }
}

void expect_broken(const Bytes& header) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{10'000}}) {
    EXPECT_TRUE(read(header, piece).broken) << header;
  }
}

TEST(ProxyHeaderTest, Version1NamesTheSource) {
  expect_source(v1_tcp4, "192.0.2.7:50123");
  expect_source("PROXY TCP6 2001:db8::7 2001:db8::1 50123 443\r\n", "[2001:db8::7]:50123");
}

TEST(ProxyHeaderTest, Version2NamesTheSource) {
  expect_source(v2_tcp4, "192.0.2.7:50123");
  const Bytes source = "\x20\x01\x0d\xb8"s + Bytes(11, '\0') + "\x07";
  expect_source(signature + "\x21\x21\x00\x24"s + source + Bytes(16, 'd') + "\xC3\xCB\x01\xBB"s,
                "[2001:db8::7]:50123");
}

TEST(ProxyHeaderTest, TlvsOfVersion2AreSkipped) {
  Bytes header = v2_tcp4;
  header[15] = static_cast<char>(12 + 300 % 256);
  header[14] = 1;
  expect_source(header + Bytes(300, 't'), "192.0.2.7:50123");
}

TEST(ProxyHeaderTest, AProxyThatSpeaksForItselfNamesNobody) {
  expect_source("PROXY UNKNOWN\r\n", "");
  expect_source("PROXY UNKNOWN ffff:f ffff:f 65535 65535\r\n", "");
  expect_source(signature + "\x20\x00\x00\x00"s, "");
  expect_source(signature + "\x21\x31\x00\x02xx"s, "");  // a Unix socket, which has no address
}

TEST(ProxyHeaderTest, AnythingElseIsBroken) {
  expect_broken("\x16\x03\x01\x02");  // TLS without the header
  expect_broken("PUT /mdm HTTP/1.1\r\n");
  expect_broken("PROXY TCP4 192.0.2.7 192.0.2.1 50123\r\n");
  expect_broken("PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n");
  expect_broken("PROXY TCP4 2001:db8::7 192.0.2.1 50123 443\r\n");
  expect_broken("PROXY TCP4 192.0.2.7 192.0.2.1 50123 443\n");
  expect_broken("PROXY " + Bytes(102, 'x'));
  expect_broken("\r\n\r\n\0\r\nQUIX\n"s);
  expect_broken(signature + "\x11\x11\x00\x0C"s);                   // version 1 in this form
  expect_broken(signature + "\x22\x11\x00\x0C"s + Bytes(12, 'x'));  // no such command
  expect_broken(signature + "\x21\x11\x00\x0B"s + Bytes(11, 'x'));  // too short for IPv4
  expect_broken(signature + "\x21\x11\x10\x00"s);                   // 4,096 and the 16 before
}

TEST(ProxyHeaderTest, OneThatStopsIsNotWhole) {
  for (const Bytes& header : {Bytes(v1_tcp4), v2_tcp4}) {
    for (std::size_t bytes = 1; bytes < header.size(); ++bytes) {
      const Outcome outcome = read(BytesView(header).substr(0, bytes), 10'000);
      EXPECT_FALSE(outcome.whole || outcome.broken) << bytes;
    }
  }
}

}  // namespace
}  // namespace reveille::http

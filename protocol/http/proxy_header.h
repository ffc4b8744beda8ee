#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

namespace reveille::http {

// Reads what a proxy that passes a connection on puts before its first byte: the PROXY protocol,
// versions 1 and 2 (haproxy's doc/proxy-protocol.txt, 2.1 and 2.2).
//
//   v1  "PROXY TCP4|TCP6 SOURCE DESTINATION SOURCE_PORT DESTINATION_PORT\r\n" or "PROXY UNKNOWN
//       ...\r\n"; 107 bytes at most
//   v2  12 bytes of signature | version 2:4 bits, command:4 (0 LOCAL, 1 PROXY)
//       | family:4 (1 IPv4, 2 IPv6), transport:4 (1 stream) | rest's length:16
//       | source address | destination address | source port:16 | destination port:16 | TLVs
//
// Never takes a byte that follows the header: that is the peer's, mostly TLS.
class ProxyHeaderReader {
 public:
  static constexpr std::size_t v2_bytes_max = 4'096;  // of ours: TLVs that we do not read included

  // How many of the bytes that are there belong to the header; all of them until it is whole.
  // Errors: malformed. Nothing may be fed after one, nor once it is whole.
  Result<std::size_t> feed(BytesView available);

  bool is_whole() const { return whole_; }

  // Once it is whole: "192.0.2.7:50123" or "[2001:db8::7]:50123"; nullopt when the proxy speaks for
  // itself (LOCAL, its health checks) or does not say (UNKNOWN, other families).
  const std::optional<std::string>& source() const { return source_; }

 private:
  Result<std::size_t> feed_v1(BytesView available);
  Result<std::size_t> feed_v2(BytesView available);
  Result<void> read_v1();
  Result<void> read_v2();

  Bytes taken_;
  bool whole_ = false;
  std::optional<std::string> source_;
};

}  // namespace reveille::http

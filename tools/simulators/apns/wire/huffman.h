#pragma once

#include <cstddef>

#include "protocol/base/bytes.h"

namespace reveille::simulators::apns::wire {

// The most that `bytes` of Huffman code decode to: no symbol is shorter than five bits.
constexpr std::size_t huffman_bytes_max(std::size_t bytes) { return bytes * 8 / 5 + 1; }

// Decodes HPACK's Huffman code (RFC 7541 appendix B) to `output`, which has room for
// huffman_bytes_max(). Returns the end of what it wrote; nullptr when the code is wrong or its
// padding is not the beginning of EOS, shorter than a byte.
char* decode_huffman(BytesView code, char* output);

}  // namespace reveille::simulators::apns::wire

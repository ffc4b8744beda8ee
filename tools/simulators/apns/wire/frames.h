#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/base/bytes.h"

// HTTP/2 frames (RFC 9113 sections 4 and 6).
//
//   length 3 | type 1 | flags 1 | stream 4 | payload
namespace reveille::simulators::apns::wire {

using StreamId = std::uint32_t;

constexpr BytesView preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t frame_head_bytes = 9;
constexpr std::size_t frame_bytes_max = 16'384;  // SETTINGS_MAX_FRAME_SIZE, the default
constexpr std::int64_t window_max = 0x7fffffff;
constexpr StreamId last_possible_stream = 0x7fffffff;

enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
};

namespace flag {
constexpr std::uint8_t acknowledge = 1, end_stream = 1, end_headers = 4, padded = 8, priority = 32;
}

namespace setting {
constexpr std::uint16_t header_table_size = 1, enable_push = 2, max_concurrent_streams = 3,
                        initial_window_size = 4, max_frame_size = 5, max_header_list_size = 6;
}

namespace code {
constexpr std::uint32_t no_error = 0, protocol_error = 1, internal_error = 2,
                        flow_control_error = 3, stream_closed = 5, frame_size_error = 6,
                        refused_stream = 7, compression_error = 9, enhance_your_calm = 11;
}

struct FrameHead {
  std::size_t length = 0;
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  StreamId stream = 0;
};

inline std::uint32_t read_32(const char* bytes) {
  const auto* b = reinterpret_cast<const std::uint8_t*>(bytes);
  return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
         static_cast<std::uint32_t>(b[2]) << 8 | b[3];
}

inline FrameHead read_frame_head(const char* bytes) {
  return {.length = read_32(bytes) >> 8,
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<std::uint8_t>(bytes[4]),
          .stream = read_32(bytes + 5) & 0x7fffffff};
}

inline void append_32(Bytes& output, std::uint32_t value) {
  const char bytes[] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                        static_cast<char>(value >> 8), static_cast<char>(value)};
  output.append(bytes, sizeof bytes);
}

inline void append_frame_head(Bytes& output, const FrameHead& head) {
  append_32(output,
            static_cast<std::uint32_t>(head.length) << 8 | static_cast<std::uint32_t>(head.type));
  output.push_back(static_cast<char>(head.flags));
  append_32(output, head.stream);
}

inline void append_setting(Bytes& output, std::uint16_t name, std::uint32_t value) {
  output.push_back(static_cast<char>(name >> 8));
  output.push_back(static_cast<char>(name));
  append_32(output, value);
}

}  // namespace reveille::simulators::apns::wire

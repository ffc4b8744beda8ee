#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// HTTP/2 frames written and read by hand (RFC 9113 section 4.1), to say what no well-behaved
// library would:
//
//   length 3 bytes | type 1 | flags 1 | stream id 4 | payload
namespace reveille::http::test {

enum FrameType : std::uint8_t {
  data_frame = 0,
  headers_frame = 1,
  priority_frame = 2,
  rst_stream_frame = 3,
  settings_frame = 4,
  ping_frame = 6,
  goaway_frame = 7,
  window_update_frame = 8,
  continuation_frame = 9,
};
constexpr std::uint8_t end_stream = 0x1;
constexpr std::uint8_t acknowledgement = 0x1;
constexpr std::uint8_t end_headers = 0x4;
constexpr std::uint8_t padded = 0x8;

enum SettingId : std::uint16_t {
  max_concurrent_streams = 3,
  initial_window_size = 4,
};

enum ErrorNumber : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  flow_control_error = 3,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  enhance_your_calm = 11,
};

constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;
  std::string payload;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

inline std::string big_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xff);
  }
  return text;
}

inline std::uint32_t number_at(std::string_view text, std::size_t begin, std::size_t bytes) {
  std::uint32_t value = 0;
  for (const char byte : text.substr(begin, bytes)) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream,
                         std::string_view payload = {}) {
  std::string text = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  text += big_endian(static_cast<std::uint32_t>(stream), 4);
  return text.append(payload);
}

inline std::string settings(SettingId id, std::uint32_t value) {
  return frame(settings_frame, 0, 0, big_endian(id, 2) + big_endian(value, 4));
}
inline std::string empty_settings() { return frame(settings_frame, 0, 0); }

inline std::string rst_stream(std::int32_t stream, ErrorNumber error) {
  return frame(rst_stream_frame, 0, stream, big_endian(error, 4));
}

inline std::string goaway(std::uint32_t last_stream, ErrorNumber error,
                          std::string_view debug = {}) {
  return frame(goaway_frame, 0, 0,
               big_endian(last_stream, 4) + big_endian(error, 4) + std::string(debug));
}

inline std::string window_update(std::int32_t stream, std::uint32_t bytes) {
  return frame(window_update_frame, 0, stream, big_endian(bytes, 4));
}

// HPACK: literal without indexing, new name, no Huffman code; both below 16,384 bytes.
inline std::string literal(std::string_view name, std::string_view value) {
  const auto length = [](std::size_t bytes) {
    if (bytes < 127) return std::string(1, static_cast<char>(bytes));
    const std::size_t rest = bytes - 127;
    std::string text = "\x7f";
    if (rest < 128) return text + static_cast<char>(rest);
    return text + static_cast<char>(rest % 128 | 128) + static_cast<char>(rest / 128);
  };
  std::string text(1, '\0');
  text += length(name.size());
  text += name;
  text += length(value.size());
  return text.append(value);
}

// :method POST, :scheme https, :path /, all from HPACK's static table.
inline const std::string post_block = std::string("\x83\x87\x84") + literal(":authority", "h");
inline const std::string get_block = std::string("\x82\x87\x84") + literal(":authority", "h");
constexpr std::string_view status_200_block = "\x88";

inline std::string get_request(std::int32_t stream) {
  return frame(headers_frame, end_stream | end_headers, stream, get_block);
}

inline std::vector<Frame> frames_in(std::string_view bytes) {
  if (bytes.starts_with(client_preface)) bytes.remove_prefix(client_preface.size());
  std::vector<Frame> frames;
  while (bytes.size() >= 9) {
    const std::uint32_t length = number_at(bytes, 0, 3);
    frames.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                      static_cast<std::int32_t>(number_at(bytes, 5, 4)),
                      std::string(bytes.substr(9, length))});
    bytes.remove_prefix(9 + length);
  }
  return frames;
}

inline std::vector<Frame> frames_of(std::string_view bytes, FrameType type) {
  std::vector<Frame> found;
  for (Frame& one : frames_in(bytes)) {
    if (one.type == type) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace reveille::http::test

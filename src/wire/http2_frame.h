#pragma once
// The frames of HTTP/2 (RFC 9113 4 and 6) as bytes: their heads, and those that a server writes
// beside answers. Values only; what they mean is the session's.
//
//   length 24 | type 8 | flags 8 | reserved 1, stream 31 | payload

#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace weir::wire {

// The bytes that every HTTP/2 client sends first (RFC 9113 3.4).
inline constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113 7.
enum class Http2Error : uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  enhance_your_calm = 11,
  http_1_1_required = 13,
};

enum class Http2FrameType : uint8_t {
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

namespace http2_flag {
inline constexpr uint8_t end_stream = 1, ack = 1, end_headers = 4, padded = 8, priority = 32;
}

// Names of SETTINGS (RFC 9113 6.5.2).
enum class Http2Setting : uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
};

struct Http2FrameHead {
  static constexpr size_t size = 9;

  uint32_t length = 0;
  Http2FrameType type = Http2FrameType::data;
  uint8_t flags = 0;
  uint32_t stream = 0;

  bool has(uint8_t flag) const { return (flags & flag) != 0; }
};

// What either side takes unless it says more, and the most that a window may be.
inline constexpr uint32_t http2_frame_bytes = 16'384;
inline constexpr uint32_t http2_window_bytes = 65'535;
inline constexpr uint32_t http2_window_bytes_max = 0x7fff'ffff;

inline uint16_t load_be16(const char* at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(at[0]) << 8 | static_cast<uint8_t>(at[1]));
}
inline uint32_t load_be32(const char* at) {
  return static_cast<uint32_t>(load_be16(at)) << 16 | load_be16(at + 2);
}
inline void store_be32(char* at, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    *at++ = static_cast<char>(value >> shift);
}

// `bytes` has Http2FrameHead::size of them.
inline Http2FrameHead parse_http2_frame_head(const char* bytes) {
  return {.length = load_be32(bytes) >> 8,
          .type = static_cast<Http2FrameType>(bytes[3]),
          .flags = static_cast<uint8_t>(bytes[4]),
          .stream = load_be32(bytes + 5) & 0x7fff'ffff};
}
// To where Http2FrameHead::size bytes have room.
inline void write_http2_frame_head(char* at, const Http2FrameHead& head) {
  store_be32(at, head.length << 8);
  at[3] = static_cast<char>(head.type);
  at[4] = static_cast<char>(head.flags);
  store_be32(at + 5, head.stream);
}
inline void append_http2_frame_head(Buffer& out, const Http2FrameHead& head) {
  write_http2_frame_head(out.reserve(Http2FrameHead::size), head);
  out.commit(Http2FrameHead::size);
}

void append_be32(Buffer& out, uint32_t value);
void append_http2_setting(Buffer& out, Http2Setting name, uint32_t value);
void append_http2_settings_ack(Buffer& out);
void append_http2_ping(Buffer& out);
void append_http2_ping_ack(Buffer& out, std::string_view payload);
void append_http2_window_update(Buffer& out, uint32_t stream, uint32_t bytes);
void append_http2_reset(Buffer& out, uint32_t stream, Http2Error error);
void append_http2_goaway(Buffer& out, uint32_t last_stream, Http2Error error,
                         std::string_view debug);

}  // namespace weir::wire

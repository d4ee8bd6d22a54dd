#include "wire/http2_frame.h"

namespace weir::wire {

void append_be32(Buffer& out, uint32_t value) {
  store_be32(out.reserve(4), value);
  out.commit(4);
}

void append_http2_setting(Buffer& out, Http2Setting name, uint32_t value) {
  out.append(static_cast<char>(static_cast<uint16_t>(name) >> 8));
  out.append(static_cast<char>(name));
  append_be32(out, value);
}

void append_http2_settings_ack(Buffer& out) {
  append_http2_frame_head(out, {.type = Http2FrameType::settings, .flags = http2_flag::ack});
}

void append_http2_ping(Buffer& out) {
  constexpr std::string_view payload("\0\0\0\0\0\0\0\0", 8);
  append_http2_frame_head(out, {.length = payload.size(), .type = Http2FrameType::ping});
  out.append(payload);
}

void append_http2_ping_ack(Buffer& out, std::string_view payload) {
  append_http2_frame_head(out, {.length = static_cast<uint32_t>(payload.size()),
                                .type = Http2FrameType::ping,
                                .flags = http2_flag::ack});
  out.append(payload);
}

void append_http2_window_update(Buffer& out, uint32_t stream, uint32_t bytes) {
  append_http2_frame_head(out,
                          {.length = 4, .type = Http2FrameType::window_update, .stream = stream});
  append_be32(out, bytes);
}

void append_http2_reset(Buffer& out, uint32_t stream, Http2Error error) {
  append_http2_frame_head(out, {.length = 4, .type = Http2FrameType::rst_stream, .stream = stream});
  append_be32(out, static_cast<uint32_t>(error));
}

void append_http2_goaway(Buffer& out, uint32_t last_stream, Http2Error error,
                         std::string_view debug) {
  append_http2_frame_head(
      out, {.length = static_cast<uint32_t>(8 + debug.size()), .type = Http2FrameType::goaway});
  append_be32(out, last_stream);
  append_be32(out, static_cast<uint32_t>(error));
  out.append(debug);
}

}  // namespace weir::wire

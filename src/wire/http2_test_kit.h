#pragma once
// For the tests of HTTP/2: frames by hand, as a client writes them, and a reader of those that a
// server sends.

#include <map>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "wire/http2_request.h"

namespace weir::wire::test {

inline constexpr uint8_t end_stream = 1, end_headers = 4, ack = 1;
enum FrameType : uint8_t {
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

inline std::string be32(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string made = be32(static_cast<uint32_t>(payload.size())).substr(1);
  made += static_cast<char>(type);
  made += static_cast<char>(flags);
  return made + be32(stream) + std::string(payload);
}

// A field as HPACK writes it without table and without Huffman's code (RFC 7541 6.2.2).
inline std::string literal(std::string_view name, std::string_view value) {
  const auto text = [](std::string_view bytes) {
    std::string made;
    if (bytes.size() < 127) {
      made += static_cast<char>(bytes.size());
    } else {
      made += '\x7f';
      size_t rest = bytes.size() - 127;
      for (; rest >= 128; rest >>= 7)
        made += static_cast<char>(128 | (rest & 127));
      made += static_cast<char>(rest);
    }
    return made + std::string(bytes);
  };
  return std::string(1, '\0') + text(name) + text(value);
}

using NameValues = std::vector<std::pair<std::string, std::string>>;

inline std::string block_of(const NameValues& fields) {
  std::string made;
  for (const auto& [name, value] : fields)
    made += literal(name, value);
  return made;
}

inline NameValues get_fields(std::string_view path = "/", std::string_view method = "GET") {
  return {{":method", std::string(method)},
          {":scheme", "http"},
          {":authority", "example.org"},
          {":path", std::string(path)}};
}

inline std::string request(uint32_t stream, const NameValues& fields, bool last = true) {
  const auto flags = static_cast<uint8_t>(end_headers | (last ? end_stream : 0));
  return frame(headers, flags, stream, block_of(fields));
}

inline std::string hello() {
  return std::string(http2_preface) + frame(settings, 0, 0, "");
}

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
  NameValues fields;  // of HEADERS

  bool last() const { return (flags & end_stream) != 0; }
  uint32_t number(size_t at = 0) const {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<uint8_t>(payload.at(at + i));
    return value;
  }
};

// Reads what a server sends, head by head.
class FrameReader {
 public:
  FrameReader() { REQUIRE(nghttp2_hd_inflate_new(&inflater_) == 0); }
  ~FrameReader() { nghttp2_hd_inflate_del(inflater_); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  void add(std::string_view bytes) {
    bytes_ += bytes;
    while (bytes_.size() >= 9) {
      const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes_[i]); };
      const size_t size =
          static_cast<size_t>(at(0)) << 16 | static_cast<size_t>(at(1)) << 8 | at(2);
      if (bytes_.size() < 9 + size) return;
      Frame made{.type = at(3), .flags = at(4), .payload = bytes_.substr(9, size)};
      for (size_t i = 5; i < 9; ++i)
        made.stream = made.stream << 8 | at(i);
      if (made.type == headers) inflate(made);
      frames.push_back(made);
      bytes_.erase(0, 9 + size);
    }
  }
  // The first of its kind on that stream; REQUIREs that there is one.
  const Frame& first(uint8_t type, uint32_t stream) const {
    for (const Frame& each : frames)
      if (each.type == type && each.stream == stream) return each;
    REQUIRE_MESSAGE(false, "no frame of type " << int(type) << " on stream " << stream);
    return frames.front();
  }
  bool has(uint8_t type, uint32_t stream) const {
    for (const Frame& each : frames)
      if (each.type == type && each.stream == stream) return true;
    return false;
  }
  std::string body(uint32_t stream) const {
    std::string all;
    for (const Frame& each : frames)
      if (each.type == data && each.stream == stream) all += each.payload;
    return all;
  }

  std::vector<Frame> frames;

 private:
  void inflate(Frame& made) {
    auto* in = reinterpret_cast<const uint8_t*>(made.payload.data());
    size_t left = made.payload.size();
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
      REQUIRE(used >= 0);
      in += used;
      left -= static_cast<size_t>(used);
      if (flags & NGHTTP2_HD_INFLATE_EMIT)
        made.fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                                 std::string(reinterpret_cast<char*>(field.value), field.valuelen));
      if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string bytes_;
};

}  // namespace weir::wire::test

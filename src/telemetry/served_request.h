#pragma once
// ServedRequest: what there is to say of a request that was served, once it is over; ServedLayout:
// how a record says it, as a RequestRecord and its texts (span_record.h).

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "telemetry/span_record.h"

namespace weir::telemetry {

// A text whose memory can be read up to the next multiple of 8 bytes, so that copying it needs no
// look at its end. Empty: there is none.
struct PaddedText {
  const char* bytes = nullptr;
  uint8_t size = 0;
};

// Texts live until it is said.
struct ServedRequest {
  uint16_t status;
  uint8_t method;  // of request_methods
  uint8_t flags;   // of RequestRecord
  std::string_view path;
  PaddedText client;
  PaddedText site;
};

// A word of a record, which other threads may be reading.
inline void put_word(uint64_t* to, uint64_t word) {
  std::atomic_ref(*to).store(word, std::memory_order_relaxed);
}

namespace words_detail {

inline uint64_t load_word(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// 1 to 7 bytes, the rest of the word is zero.
inline uint64_t load_tail(const char* from, size_t bytes) {
  if (bytes >= 4) {
    uint32_t first, last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + bytes - 4, 4);
    return first | uint64_t{last} << (8 * (bytes - 4));
  }
  const auto at = [from](size_t i) { return uint64_t{static_cast<unsigned char>(from[i])}; };
  return at(0) | at(bytes / 2) << (8 * (bytes / 2)) | at(bytes - 1) << (8 * (bytes - 1));
}

}  // namespace words_detail

// Copies a text to a record, padded; answers what is behind it. Whole words only, so that the
// ring's loads of words find them stored as such. Most texts are short: to prepare for long ones
// would take longer.
inline uint64_t* put_text(uint64_t* to, std::string_view text) {
  using namespace words_detail;
  const char* from = text.data();
  size_t bytes = text.size();
  if (bytes < 8) {
    if (bytes != 0) put_word(to++, load_tail(from, bytes));
    return to;
  }
#pragma clang loop unroll(disable) vectorize(disable)
  for (; bytes >= 8; bytes -= 8, from += 8)
    put_word(to++, load_word(from));
  // What the last word has in common with the one before falls out.
  if (bytes != 0) put_word(to++, load_word(from + bytes - 8) >> (8 * (8 - bytes)));
  return to;
}
inline uint64_t* put_text(uint64_t* to, PaddedText text) {
#pragma clang loop unroll(disable) vectorize(disable)
  for (size_t at = 0; at < text.size; at += 8)
    put_word(to++, words_detail::load_word(text.bytes + at));
  return to;
}

class ServedLayout {
 public:
  static constexpr size_t path_bytes_max = 256;
  static constexpr size_t words_max =
      (sizeof(RequestRecord) + path_bytes_max + 2 * padded(UINT8_MAX)) / 8;

  // `request` outlives it.
  explicit ServedLayout(const ServedRequest& request)
      : request_(request), path_(request.path.substr(0, path_bytes_max)) {}

  uint32_t words() const {
    return 1 + (padded(static_cast<uint32_t>(path_.size())) + padded(request_.client.size) +
                padded(request_.site.size)) /
                   8;
  }
  void write(uint64_t* to) const {
    put_word(to, request_.status | uint64_t{path_.size()} << 16 |
                     uint64_t{request_.client.size} << 32 | uint64_t{request_.site.size} << 40 |
                     uint64_t{request_.method} << 48 | uint64_t{request_.flags} << 56);
    put_text(put_text(put_text(to + 1, path_), request_.client), request_.site);
  }

 private:
  const ServedRequest& request_;
  std::string_view path_;
};

}  // namespace weir::telemetry

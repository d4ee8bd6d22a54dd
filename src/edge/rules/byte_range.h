#pragma once
// Byte ranges (RFC 9110 14): what a request asks for of a representation of known length, and
// Content-Range both ways. Only the unit "bytes". A request for too many ranges is answered whole:
// nobody can make us write more than one representation.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "wire/http1_response.h"
#include "wire/http_fields.h"

namespace weir::edge {

// Both ends belong to it.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;

  uint64_t size() const { return last - first + 1; }
  bool contains(const ByteRange& other) const { return first <= other.first && last >= other.last; }
  bool operator==(const ByteRange&) const = default;
};

inline constexpr size_t requested_ranges_max = 64;  // looked at
inline constexpr size_t answered_ranges_max = 8;    // written, after overlapping ones are joined

// One range as it was asked for, before the length is known.
struct RangeSpec {
  std::optional<uint64_t> first;  // without: the last `last` bytes
  std::optional<uint64_t> last;   // without: to the end

  std::optional<ByteRange> resolve(uint64_t length) const;
};
// "bytes=5-9", as a request asks for it.
void append_range(Buffer& out, const RangeSpec& spec);
// The only range of a request that has exactly one; nothing for none, several, or what is
// malformed. For looking at partial copies, whose length may not be known.
std::optional<RangeSpec> single_range(const wire::Fields& request);

struct RangeSelection {
  enum class Kind : uint8_t {
    whole,          // no range, or none that we follow: 200
    partial,        // 206 with `ranges`
    unsatisfiable,  // 416
  };

  Kind kind = Kind::whole;
  uint8_t count = 0;
  std::array<ByteRange, answered_ranges_max> storage;

  std::span<const ByteRange> ranges() const { return {storage.data(), count}; }
};
// In the order of the request; overlapping and touching ones are joined, at the place of the first.
RangeSelection select_ranges(const wire::Fields& request, uint64_t length);

struct ContentRange {
  ByteRange range;
  std::optional<uint64_t> length;  // of the whole; nothing for "*"
};
// Of a 206; nothing for what is malformed, in another unit, or "bytes */N".
std::optional<ContentRange> parse_content_range(std::string_view value);
// What an answer 206 holds, where it says so once, of a whole of known length, and its framing does
// not contradict it.
struct HeldPart {
  ByteRange range;
  uint64_t whole_bytes = 0;
};
std::optional<HeldPart> part_in(const wire::ResponseHead& answer);
// Appends the values, without the field's name.
void append_content_range(Buffer& out, const ByteRange& range, uint64_t length);
void append_unsatisfied_range(Buffer& out, uint64_t length);  // "bytes */N"

// multipart/byteranges (RFC 9110 14.6):
//
//   CRLF "--" boundary CRLF [Content-Type CRLF] Content-Range CRLF CRLF bytes   for each range
//   CRLF "--" boundary "--" CRLF
struct MultipartRanges {
  std::string_view boundary;      // unlike anything in the body: random
  std::string_view content_type;  // of the whole; may be empty
  uint64_t length = 0;            // of the whole

  void append_part_head(Buffer& out, const ByteRange& range) const;
  void append_end(Buffer& out) const;
  // Content-Length of all of it.
  uint64_t size(std::span<const ByteRange> ranges) const;
};

}  // namespace weir::edge

#pragma once
// Range and Content-Range as the simulated origins and clients write and read them, with nothing of
// the edge's: the forms "bytes=5-9", "bytes=5-", "bytes=-3"; "bytes 5-9/10".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sim {

// Both ends belong to it.
struct Span {
  uint64_t first = 0;
  uint64_t last = 0;

  uint64_t size() const { return last - first + 1; }
};

// What `range` asks for of `length` bytes; nothing: it is none of the forms, or there is nothing.
std::optional<Span> span_of(std::string_view range, uint64_t length);
std::string content_range(Span span, uint64_t length);
// Of a Content-Range, without the length.
std::optional<Span> span_in(std::string_view content_range);

}  // namespace weir::sim

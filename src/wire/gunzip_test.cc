#include "wire/gunzip.h"

#include <string>
#include <zlib.h>

#include <doctest/doctest.h>

#include "base/units.h"

namespace weir::wire {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

ErrorCode error_of(std::string_view bytes, size_t bytes_max) {
  Buffer out;
  const Result<> done = gunzip(bytes, bytes_max, out);
  REQUIRE_FALSE(done.has_value());
  return done.error().code;
}

}  // namespace

TEST_CASE("what gzip made is undone, to the byte of the bound") {
  for (const size_t size : {size_t{0}, size_t{1}, 16 * KiB - 1, 16 * KiB, 16 * KiB + 1, 1 * MiB}) {
    const std::string text(size, 'x');
    Buffer out;
    out.append("before ");
    REQUIRE(gunzip(gzip(text), size, out).has_value());
    CHECK(out.view() == "before " + text);
    if (size > 0) CHECK(error_of(gzip(text), size - 1) == ErrorCode::limit);
  }
}

TEST_CASE("what is no gzip, or not all of it, or more than it, is refused") {
  const std::string good = gzip("some text that is worth it, worth it, worth it");
  for (size_t size = 0; size < good.size(); ++size)
    CHECK(error_of(good.substr(0, size), 1000) == ErrorCode::invalid);
  CHECK(error_of(good + "x", 1000) == ErrorCode::invalid);
  CHECK(error_of("some text", 1000) == ErrorCode::invalid);
  std::string flipped = good;
  flipped[flipped.size() - 8] ^= 1;  // of the checksum
  CHECK(error_of(flipped, 1000) == ErrorCode::invalid);
}

}  // namespace weir::wire

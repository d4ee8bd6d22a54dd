#include "wire/gunzip.h"

#include <algorithm>
#include <zlib.h>

#include "base/units.h"

namespace weir::wire {
namespace {

constexpr size_t room_bytes = 16 * KiB;
constexpr int gzip_window_bits = 15 + 16;

class Inflater {
 public:
  Inflater() { WEIR_ASSERT(inflateInit2(&stream, gzip_window_bits) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
};

}  // namespace

Result<> gunzip(std::string_view compressed, size_t bytes_max, Buffer& out) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  // zlib does not write through it, but for want of ZLIB_CONST declares it so.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  for (size_t left = bytes_max;;) {
    // One more than there is room for, to see whether there is more.
    const size_t room = std::min(left, room_bytes - 1) + 1;
    stream.next_out = reinterpret_cast<Bytef*>(out.reserve(room));
    stream.avail_out = static_cast<uInt>(room);
    const int done = inflate(&stream, Z_NO_FLUSH);
    const size_t got = room - stream.avail_out;
    if (got > left) return fail(ErrorCode::limit, "a compressed message holds too much");
    out.commit(got);
    left -= got;
    if (done == Z_STREAM_END) break;
    if (done != Z_OK) return fail(ErrorCode::invalid, "a compressed message is no gzip");
  }
  if (stream.avail_in > 0)
    return fail(ErrorCode::invalid, "something follows a compressed message");
  return {};
}

}  // namespace weir::wire

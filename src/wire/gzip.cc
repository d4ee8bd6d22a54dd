#include "wire/gzip.h"

namespace weir::wire {
namespace {

constexpr size_t room_bytes = 16 * 1024;
// Level 1 takes about a third of the time of the default and gives messages a tenth larger.
constexpr int level = 1;
constexpr int gzip_window_bits = 15 + 16;
constexpr int memory_level = 8;

}  // namespace

Gzip::~Gzip() {
  if (ready_) deflateEnd(&stream_);
}

void Gzip::begin() {
  const int done = ready_ ? deflateReset(&stream_)
                          : deflateInit2(&stream_, level, Z_DEFLATED, gzip_window_bits,
                                         memory_level, Z_DEFAULT_STRATEGY);
  WEIR_ASSERT(done == Z_OK);  // all else is a wrong argument, or no memory
  ready_ = true;
  out_.clear();
}

void Gzip::deflate_all(std::string_view piece, int flush) {
  // zlib does not write through it, but for want of ZLIB_CONST declares it so.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_.avail_in = static_cast<uInt>(piece.size());
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(out_.reserve(room_bytes));
    stream_.avail_out = room_bytes;
    const int done = deflate(&stream_, flush);
    WEIR_ASSERT(done != Z_STREAM_ERROR);
    out_.commit(room_bytes - stream_.avail_out);
  } while (stream_.avail_out == 0);
}

std::string_view Gzip::end() {
  deflate_all({}, Z_FINISH);
  return out_.view();
}

}  // namespace weir::wire

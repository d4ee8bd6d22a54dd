#pragma once
// Gzip: compresses one message at a time (RFC 1952) with zlib, a piece at a time, so that a shard
// can do something else in between. Holds 256 KiB from its first message on.

#include <string_view>
#include <zlib.h>

#include "base/buffer.h"

namespace weir::wire {

class Gzip {
 public:
  Gzip() = default;
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  void begin();
  void add(std::string_view piece) { deflate_all(piece, Z_NO_FLUSH); }
  // The compressed message; until the next begin().
  std::string_view end();

 private:
  void deflate_all(std::string_view piece, int flush);

  z_stream stream_{};
  bool ready_ = false;
  Buffer out_;
};

}  // namespace weir::wire

#pragma once
// InputBuffer: what was received on an HTTP connection and not yet consumed. Parsers see it as one
// run of bytes: usually the chunk as it was received, without a copy; only a head that came in
// pieces is put together in memory of its own. Holds nothing while it is empty and nothing is
// pinned.
//
// A message's views point into this memory. pin() keeps what lies here alive and in place, while
// later bytes go elsewhere, until unpin(): from the parsed head to the end of the exchange.

#include <string_view>

#include "base/buffer.h"
#include "runtime/chunk.h"

namespace weir::net {

class InputBuffer {
 public:
  std::string_view unread() const { return carry_.empty() ? chunk_.view() : carry_.view(); }
  bool empty() const { return carry_.empty() && chunk_.empty(); }

  // Puts `chunk` behind what is unread; copies only if something is. The caller bounds how much it
  // lets come together.
  void add(runtime::Chunk chunk) {
    if (empty()) {
      keep_pinned();
      chunk_ = std::move(chunk);
      return;
    }
    if (!chunk_.empty()) {
      carry_.append(chunk_.view());
      if (!pinned_)
        chunk_.release();
      else
        keep_pinned();
    }
    carry_.append(chunk.view());
  }
  // Drops `n` bytes at the front. They stay where they are while pinned.
  void consume(size_t n) {
    if (carry_.empty()) {
      chunk_.consume(n);
      if (chunk_.empty() && !pinned_) chunk_.release();
      return;
    }
    carry_.consume(n);
    if (carry_.empty() && !pinned_) carry_.release();
  }

  void pin() { pinned_ = true; }
  void unpin() {
    pinned_ = false;
    pinned_chunk_.release();
    pinned_carry_.release();
    if (chunk_.empty()) chunk_.release();
    if (carry_.empty()) carry_.release();
  }
  bool pinned() const { return pinned_; }

 private:
  // Moves what views may point into out of the way of new bytes.
  void keep_pinned() {
    if (!pinned_) return;
    if (pinned_chunk_.data() == nullptr) pinned_chunk_ = std::move(chunk_);
    if (pinned_carry_.capacity() == 0) pinned_carry_ = std::move(carry_);
  }

  runtime::Chunk chunk_;
  Buffer carry_;
  runtime::Chunk pinned_chunk_;
  Buffer pinned_carry_;
  bool pinned_ = false;
};

}  // namespace weir::net

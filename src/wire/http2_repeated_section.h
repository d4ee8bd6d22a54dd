#pragma once
// Http2RepeatedSection: the last header section of a request that a connection decoded, as it came
// and as it was read. A client that asks for one thing again and again sends the same bytes again
// and again: while the decoder's table stands still they mean what they meant before, and are not
// decoded and checked once more. Belongs to one session.

#include "wire/http2_section.h"

namespace weir::wire {

class Http2RepeatedSection {
 public:
  // Longer ones are not kept.
  static constexpr size_t bytes_max = 512;
  static constexpr size_t block_bytes_max = 2048;

  // True: `bytes` are the section that is kept, and this is how it was read.
  bool recall(std::string_view bytes, Http2Section& section, Http2Block& block) const {
    if (bytes_.empty() || bytes != bytes_.view()) return false;
    section = section_;
    block.copy_of(block_);
    return true;
  }

  // `bytes`, whole, were read so and have left the table as it was.
  void keep(std::string_view bytes, const Http2Section& section, const Http2Block& block) {
    bytes_.clear();
    if (bytes.size() > bytes_max || block.size() > block_bytes_max || block.cut_short()) return;
    bytes_.append(bytes);
    section_ = section;
    block_.copy_of(block);
    block_.mark_repeats(++kept_);
  }

  // The table is another one, or may be.
  void forget() { bytes_.clear(); }
  void release() {
    bytes_.release();
    block_ = {};
  }

 private:
  Buffer bytes_;
  Http2Section section_;
  Http2Block block_;
  uint64_t kept_ = 0;  // how many were
};

}  // namespace weir::wire

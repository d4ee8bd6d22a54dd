#pragma once
// HpackDecoder, HpackEncoder: the header compression of one HTTP/2 connection, a side each (RFC
// 7541), by nghttp2's coder. Belong to one connection; what they may remember is bounded by the
// table's size.

#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "wire/http_fields.h"

struct nghttp2_hd_deflater;
struct nghttp2_hd_inflater;

namespace weir::wire {

// What a table holds unless somebody says otherwise (RFC 9113 6.5.2).
inline constexpr uint32_t hpack_table_bytes = 4096;

// Whether a block that was written or decoded without a fault adds to the table or resizes it (RFC
// 7541 6): when not, the same bytes say the same again.
bool changes_hpack_table(std::string_view block);

class HpackDecoder {
 public:
  enum class Step : uint8_t {
    field,   // name() and value() hold one, until the next call
    more,    // all of the bytes have been used, and the block goes on
    done,    // the block has ended
    broken,  // this is no HPACK: the connection cannot go on
  };

  HpackDecoder();

  // What the peer's encoder may use from now on.
  void limit_table(uint32_t bytes);
  // Takes from the front of `bytes`, which it shortens. `last`: the block ends with them.
  Step next(std::string_view& bytes, bool last);
  std::string_view name() const { return name_; }
  std::string_view value() const { return value_; }

 private:
  struct Free {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Free> inflater_;
  std::string_view name_;
  std::string_view value_;
};

class HpackEncoder {
 public:
  static constexpr size_t fields_max = 256;

  // Never uses more than `table_bytes_max`.
  explicit HpackEncoder(uint32_t table_bytes_max);

  // The peer's decoder allows so much.
  void limit_table(uint32_t bytes);
  // Appends a block: ":status" unless that is 0, then the fields, with their names in lower case.
  // True when it left the table as it was: until table_changes() says something else, the same
  // bytes say the same.
  bool encode(uint16_t status, std::span<const Field> fields, Buffer& out);
  uint64_t table_changes() const { return table_changes_; }
  // Lets go of memory that is used only while a block is written.
  void trim() { names_.release(); }

 private:
  struct Free {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };
  std::unique_ptr<nghttp2_hd_deflater, Free> deflater_;
  uint64_t table_changes_ = 0;
  Buffer names_;  // in lower case, while a block is written
};

}  // namespace weir::wire

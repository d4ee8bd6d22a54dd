#pragma once
// Http2RepeatedRequest: the last request without a body that a connection was sent twice, as it was
// read. While its header section comes again (wire/http2_repeated_section.h) and the limits stay
// what they were, it is the same request, and is not read and checked once more. Belongs to one
// connection.

#include <array>
#include <memory>

#include "wire/http1_request.h"
#include "wire/http2_block.h"

namespace weir::wire {

class Http2RepeatedRequest {
 public:
  // One with more fields is not kept.
  static constexpr size_t fields_max = 32;

  // True: `block` is that section, and `out` is the request, its views those of `block` or static.
  bool recall(const Http2Block& block, const HeadLimits& limits, RequestHead& out) const;
  // `head` was read from `block` within `limits`. Keeps it if the section has come again already.
  void keep(const Http2Block& block, const HeadLimits& limits, const RequestHead& head);
  void release() { kept_.reset(); }

 private:
  struct Kept {
    Http2Block block;
    HeadLimits limits;
    std::array<Field, fields_max> storage;
    RequestHead head{storage};
  };
  std::unique_ptr<Kept> kept_;
};

}  // namespace weir::wire

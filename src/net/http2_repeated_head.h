#pragma once
// Http2RepeatedHead: the last head that a connection was answered with, as the service wrote it and
// as it was sent. Whoever asks for one thing again and again is answered with the same head again
// and again: while the tables of both sides stand still, the same bytes say it once more, without
// being read or encoded. Belongs to one connection.

#include <string>

#include "wire/http1_request.h"
#include "wire/http1_response.h"

namespace weir::net {

struct Http2RepeatedHead {
  // Longer ones are not kept.
  static constexpr size_t text_bytes_max = 1024;

  // Whether `bytes` begin with this head, for a request of that method.
  bool begins(std::string_view bytes, wire::RequestMethod asked) const {
    return !text.empty() && method == asked && bytes.starts_with(text);
  }
  void clear() { *this = {}; }

  std::string text;  // with the empty line
  std::string block;
  uint64_t table_changes = 0;  // of the session, when the block was written
  wire::RequestMethod method = wire::RequestMethod::get;
  wire::BodyFraming framing;
};

}  // namespace weir::net

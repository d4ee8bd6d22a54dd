#pragma once
// OriginConnection: one connection to an origin and what was read from it. Owned by a Lease while
// a request uses it and by its pool while it is idle.

#include <array>
#include <memory>

#include "base/buffer.h"
#include "base/list.h"
#include "base/units.h"
#include "net/input_buffer.h"
#include "runtime/stream.h"
#include "wire/http_fields.h"

namespace weir::net {

struct OriginConnection : ListNode<OriginConnection> {
  // Of a response; a head with more is refused.
  static constexpr size_t fields_max = 100;
  static constexpr size_t head_bytes_kept = 1 * KiB;

  OriginConnection(runtime::StreamPtr from, uint64_t carried)
      : stream(std::move(from)), requests(carried) {
    stream->expect_bulk();
  }

  // Keeps room for the next, unless this one was large.
  void forget_head() {
    head.clear();
    if (head.capacity() > head_bytes_kept) head.release();
  }

  runtime::StreamPtr stream;
  InputBuffer input;
  Buffer head;            // of the request that it carries
  uint64_t requests;      // that it has carried before this one
  MonoTime idle_since{};  // while idle
  std::array<wire::Field, fields_max> fields;
};

using OriginConnectionPtr = std::unique_ptr<OriginConnection>;

}  // namespace weir::net

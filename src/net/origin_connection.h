#pragma once
// OriginConnection: one connection to an origin and what was read from it. Owned by a Lease while
// a request uses it and by its pool while it is idle.

#include <array>
#include <memory>

#include "base/list.h"
#include "net/input_buffer.h"
#include "runtime/stream.h"
#include "wire/http_fields.h"

namespace weir::net {

struct OriginConnection : ListNode<OriginConnection> {
  // Of a response; a head with more is refused.
  static constexpr size_t fields_max = 100;

  OriginConnection(runtime::StreamPtr from, uint64_t carried)
      : stream(std::move(from)), requests(carried) {
    stream->expect_bulk();
  }

  runtime::StreamPtr stream;
  InputBuffer input;
  uint64_t requests;      // that it has carried before this one
  MonoTime idle_since{};  // while idle
  std::array<wire::Field, fields_max> fields;
};

using OriginConnectionPtr = std::unique_ptr<OriginConnection>;

}  // namespace weir::net

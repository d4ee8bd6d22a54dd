#pragma once
// relay(): moves bytes that come on one connection to another inside the kernel (splice(2)): they
// are neither copied out nor in. For the bodies that a proxy passes on as they are.
//
// For two TCP connections of one shard on io_uring, once nothing is under way on them. Elsewhere
// (TLS, epoll, the simulated network) it answers that it cannot, before anything has moved.

#include <cstdint>
#include <optional>

#include "runtime/stream.h"

namespace weir::runtime {

struct RelayEnd {
  Stream& stream;
  Wait wait;          // for all of it
  Duration patience;  // for the next bytes to come, or to have room
  // Of the source: how many of what was received lately are of what is passed on, and not its head.
  uint64_t body_received = 0;
};

struct Relayed {
  uint64_t bytes = 0;  // of the source's, that the target's socket has taken
  // Which of the two failed; what was moved is torn then, and neither connection can go on. Errors:
  // closed (the source ended early), reset, timed_out, cancelled, io.
  Result<> source;
  Result<> target;
};

// Sends `first` and moves the next `bytes` behind it, in as few packets as that makes. nullopt:
// cannot be done, nothing has happened.
Task<std::optional<Relayed>> relay(RelayEnd from, RelayEnd to, std::span<iovec> first,
                                   uint64_t bytes);

}  // namespace weir::runtime

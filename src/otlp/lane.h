#pragma once
// Lane: the shards whose queues one exporter empties. Several exporters of one signal, each with a
// lane of its own, have as many requests under way at once, and no two of them ever meet.

#include <algorithm>

namespace weir::otlp {

struct Lane {
  unsigned first = 0;
  unsigned step = 1;
};

// How many there are: no more than shards, as a queue is emptied in order.
inline unsigned lanes_of(unsigned concurrent_exports, unsigned shards) {
  return std::clamp(concurrent_exports, 1u, std::max(shards, 1u));
}

}  // namespace weir::otlp

#pragma once
// Which of a site's origins is asked: one that works, then the one that will probably answer first.
// Of two that were drawn by lot the cheaper one is taken (Mitzenmacher, "The power of two
// choices"): nearly as even as looking at all of them, and shards that do not talk to each other do
// not all run to the same origin.

#include <cstdint>
#include <span>

#include "base/time.h"

namespace weir::edge {

// How long an origin takes to answer: an average that forgets, also with time alone, so that one
// that was slow once is tried again.
class LatencyEstimate {
 public:
  // A failure weighs like an answer after this time: failing fast must not attract requests.
  static constexpr Duration failure = seconds(1);
  // The estimate halves in this time without answers.
  static constexpr Duration half_life = seconds(5);

  void record(Duration latency, MonoTime now);
  // Zero when nothing is known.
  Duration at(MonoTime now) const;

 private:
  Duration average_{};
  MonoTime recorded_{};
};

struct OriginFacts {
  bool healthy = true;        // as its checks say
  bool breaker_open = false;  // it has been failing; no request is let through to it now
  bool failed = false;        // it has just failed the same request
  bool wants_probe = false;   // its breaker lets one request through, to see
  uint32_t busy = 0;          // requests that it works on
  Duration latency{};         // LatencyEstimate::at()
};

// The index of the one to ask. An origin that is not healthy, or whose breaker is open, is asked
// only when there is no better one: with all of them down, trying beats refusing, and so one that
// is not healthy, or has failed the same request, goes before one that is certain to refuse. One
// that wants a probe gets it at once: it looks slow for a while, and would not be known to be back
// when the others fail. `origins` has at least one; `random` is evenly distributed.
size_t pick_origin(std::span<const OriginFacts> origins, uint64_t random);

}  // namespace weir::edge

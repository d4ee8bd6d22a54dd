#include "edge/rules/origin_pick.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::edge {
namespace {

// The weight of a new answer: one part in this many.
constexpr int64_t weight = 8;
constexpr int64_t halvings_max = 40;
// Less than this is no difference: a fast origin should not get everything for being a little
// faster.
constexpr int64_t latency_floor = Duration(microseconds(200)).count();

// 0 works; larger is worse.
int rank(const OriginFacts& origin) {
  return (origin.healthy ? 0 : 1) + (origin.failed ? 2 : 0) + (origin.breaker_open ? 4 : 0);
}

// How long a request would wait for its answer, if those before it are answered one by one.
int64_t cost(const OriginFacts& origin) {
  return (int64_t{origin.busy} + 1) * (origin.latency.count() + latency_floor);
}

// The `n`th of those with the rank.
size_t nth(std::span<const OriginFacts> origins, int wanted, size_t n) {
  for (size_t i = 0; i < origins.size(); ++i)
    if (rank(origins[i]) == wanted && n-- == 0) return i;
  WEIR_ASSERT(false);
  return 0;
}

}  // namespace

void LatencyEstimate::record(Duration latency, MonoTime now) {
  const Duration before = at(now);
  average_ = before == Duration{} ? latency : before + (latency - before) / weight;
  recorded_ = now;
}

Duration LatencyEstimate::at(MonoTime now) const {
  const int64_t halvings = std::clamp<int64_t>((now - recorded_) / half_life, 0, halvings_max);
  return average_ / (int64_t{1} << halvings);
}

size_t pick_origin(std::span<const OriginFacts> origins, uint64_t random) {
  WEIR_ASSERT(!origins.empty());
  for (size_t i = 0; i < origins.size(); ++i)
    if (origins[i].wants_probe && rank(origins[i]) == 0) return i;
  int best = rank(origins[0]);
  for (const OriginFacts& origin : origins)
    best = std::min(best, rank(origin));
  const auto count = static_cast<size_t>(
      std::ranges::count_if(origins, [&](const OriginFacts& each) { return rank(each) == best; }));
  WEIR_ASSERT(count > 0);
  const size_t first = (random >> 32) % count;
  if (count == 1) return nth(origins, best, 0);
  // Another one than the first.
  const size_t second = (first + 1 + (random & 0xffffffff) % (count - 1)) % count;
  const size_t a = nth(origins, best, first), b = nth(origins, best, second);
  return cost(origins[b]) < cost(origins[a]) ? b : a;
}

}  // namespace weir::edge

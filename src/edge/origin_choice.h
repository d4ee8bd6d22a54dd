#pragma once
// Which origin of a site is asked, and what its failures are to clients.

#include "base/result.h"
#include "edge/edge_shard.h"

namespace weir::edge {

// One that works, and that will probably answer first (rules/origin_pick.h). `failed`, if any, has
// just failed the same request, and is asked again only when there is no other. The site has at
// least one.
SiteOrigin& choose_origin(EdgeShard& edge, ShardGeneration& generation, size_t site_index,
                          const SiteOrigin* failed = nullptr);
// An attempt that has failed.
struct FailedAsk {
  const SiteOrigin* origin = nullptr;  // none: there was no attempt
  Error error{ErrorCode::io, ""};
  net::FailedAttempt attempt{};
};
// Whether what has failed last would go to another origin. One that is left alone passes on only
// what has not `failed` before, so that a request does not wander among those that all are.
bool has_elsewhere(const ShardGeneration& generation, size_t site_index, const FailedAsk& last,
                   const SiteOrigin* failed);
// Tells the origin of the one `before`, if any, whether that has been repeated, or a breaker kept
// it from the next origin.
void settle_retry(const FailedAsk& before, bool made);
// Which of a request's failures is told, the last or the one `before` it: that a breaker kept it
// from a second origin says nothing of why it came there.
FailedAsk to_tell(const FailedAsk& last, const FailedAsk& before);

// The status that says what became of asking: 504, also of a call whose time is over, 503 or 502.
uint16_t status_for(const EdgeRequest& request, ErrorCode code);
// A 304 to who has not asked whether a copy still holds: there is none that it could be about.
inline constexpr Error unasked_304{ErrorCode::invalid,
                                   "the origin answered 304 to a request without a condition"};

}  // namespace weir::edge

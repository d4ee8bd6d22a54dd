#pragma once
// What the edge measures of its cache. The store's own figures (bytes, objects, evictions) are
// beside it in edge/cache/.

#include <array>

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::edge {

// What the cache did for a request; also the field `cache` of the access log.
enum class CacheResult : uint8_t {
  none,         // no request for the cache: answered before it, or a site without one
  hit,          // served from the cache, fresh
  stale,        // served from the cache past its lifetime, as it is allowed
  revalidated,  // served from the cache after the origin said that it still holds
  miss,         // fetched
  collapsed,    // served from what another request fetched
  pass,         // neither looked up nor stored
  count,        // how many there are; not a result
};
std::string_view to_string(CacheResult result);
constexpr bool served_from_cache(CacheResult result) {
  return result == CacheResult::hit || result == CacheResult::stale ||
         result == CacheResult::revalidated || result == CacheResult::collapsed;
}

inline constexpr telemetry::CounterDecl cache_hit_rate_decl{
    .name = "edge.cache.hit_rate",
    .unit = "{request}",
    .help =
        "Requests that the cache was asked for, by whether it could answer; the share with "
        "hit=true is the hit rate.",
    .labels = {"hit"}};
inline constexpr telemetry::CounterDecl cache_requests_decl{
    .name = "cache_requests_total",
    .unit = "{request}",
    .help = "Requests that the cache was asked for."};
inline constexpr telemetry::CounterDecl cache_hits_decl{
    .name = "cache_hits_total",
    .unit = "{request}",
    .help = "Requests that the cache answered; divide by cache_requests_total."};
inline constexpr telemetry::CounterDecl cache_results_decl{
    .name = "edge.cache.results",
    .unit = "{request}",
    .help =
        "What the cache did: hit, stale, revalidated, miss, collapsed (served from another "
        "request's fetch), pass (neither looked up nor stored).",
    .labels = {"result"}};
inline constexpr telemetry::CounterDecl cache_not_storable_decl{
    .name = "edge.cache.not_storable",
    .unit = "{answer}",
    .help = "Answers that no rule lets us store, by reason; /debug/cache?url= explains one.",
    .labels = {"reason"}};
inline constexpr telemetry::CounterDecl cache_revalidations_decl{
    .name = "edge.cache.revalidations",
    .unit = "{request}",
    .help =
        "Stored answers that an origin was asked about, by what it said: same, changed, "
        "failed. Many that stay the same want a longer lifetime.",
    .labels = {"outcome"}};
inline constexpr telemetry::CounterDecl cache_refreshes_decl{
    .name = "edge.cache.refreshes",
    .unit = "{request}",
    .help = "Fetches in the background: answers that were served stale or are soon to be."};
inline constexpr telemetry::CounterDecl cache_fills_refused_decl{
    .name = "edge.cache.fills_refused",
    .unit = "{answer}",
    .help =
        "Answers that were passed on without being stored, since edge.cache.fill.running_max "
        "others were arriving or memory was short."};
inline constexpr telemetry::UpDownCounterDecl cache_fills_running_decl{
    .name = "edge.cache.fills_running",
    .unit = "{answer}",
    .help = "Answers that arrive in the cache now."};
inline constexpr telemetry::CounterDecl cache_invalidations_decl{
    .name = "edge.cache.invalidations",
    .unit = "{address}",
    .help = "Addresses whose answers were dropped after a request that changed something there."};

inline constexpr telemetry::CounterDecl cache_assembled_decl{
    .name = "edge.cache.assembled",
    .unit = "{answer}",
    .help =
        "Answers that were put together from stored parts, with what the origin added to them."};

// One shard's handles.
class CacheMetrics {
 public:
  explicit CacheMetrics(telemetry::Recorder& recorder);

  // One request for which the cache was asked.
  void count(CacheResult result) {
    results_[static_cast<size_t>(result)].add();
    if (result == CacheResult::pass) return;
    requests_.add();
    if (served_from_cache(result)) {
      hits_.add();
      hit_.add();
    } else {
      not_hit_.add();
    }
  }

  telemetry::Family<telemetry::Counter> not_storable;
  telemetry::Counter same;
  telemetry::Counter changed;
  telemetry::Counter unanswered;
  telemetry::Counter refreshes;
  telemetry::Counter fills_refused;
  telemetry::UpDownCounter fills_running;
  telemetry::Counter invalidations;
  telemetry::Counter assembled;

 private:
  telemetry::Counter hit_;
  telemetry::Counter not_hit_;
  telemetry::Counter requests_;
  telemetry::Counter hits_;
  std::array<telemetry::Counter, static_cast<size_t>(CacheResult::count)> results_;
};

}  // namespace weir::edge

#include "edge/cache_metrics.h"

namespace weir::edge {

std::string_view to_string(CacheResult result) {
  switch (result) {
    case CacheResult::none:
    case CacheResult::count:
      return "none";
    case CacheResult::hit:
      return "hit";
    case CacheResult::stale:
      return "stale";
    case CacheResult::revalidated:
      return "revalidated";
    case CacheResult::miss:
      return "miss";
    case CacheResult::collapsed:
      return "collapsed";
    case CacheResult::pass:
      return "pass";
  }
  return "";
}

CacheMetrics::CacheMetrics(telemetry::Recorder& recorder)
    : not_storable(recorder.family(cache_not_storable_decl)),
      same(recorder.bind(cache_revalidations_decl, {"same"})),
      changed(recorder.bind(cache_revalidations_decl, {"changed"})),
      unanswered(recorder.bind(cache_revalidations_decl, {"failed"})),
      refreshes(recorder.bind(cache_refreshes_decl)),
      fills_refused(recorder.bind(cache_fills_refused_decl)),
      fills_running(recorder.bind(cache_fills_running_decl)),
      invalidations(recorder.bind(cache_invalidations_decl)),
      assembled(recorder.bind(cache_assembled_decl)),
      hit_(recorder.bind(cache_hit_rate_decl, {"true"})),
      not_hit_(recorder.bind(cache_hit_rate_decl, {"false"})),
      requests_(recorder.bind(cache_requests_decl)),
      hits_(recorder.bind(cache_hits_decl)) {
  for (size_t i = 1; i < results_.size(); ++i)
    results_[i] = recorder.bind(cache_results_decl, {to_string(static_cast<CacheResult>(i))});
}

}  // namespace weir::edge

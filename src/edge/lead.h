#pragma once
// Lead: one request that asks an origin for all who want the same: fetches until the head is there,
// has it judged, and either puts it into the cache, from which its own client is then served like
// everybody else, or passes it on to its client alone. Lives in the request's coroutine.

#include "edge/cache/fill.h"
#include "edge/errand.h"
#include "edge/origin_fetch.h"
#include "edge/rules/storable.h"

namespace weir::edge {

class Lead {
 public:
  Lead(EdgeRequest& request, cache::Fill fill);
  // Answers the request.
  runtime::Task<> run();

 private:
  runtime::Task<bool> answered_from_parts();
  runtime::Task<Result<FetchedAnswer>> ask(bool whether);
  runtime::Task<> failed(Error error);
  runtime::Task<> answered(FetchedAnswer answer);
  bool asks_specially() const;
  void count_change(bool error);
  runtime::Task<> confirmed(FetchedAnswer answer);
  runtime::Task<> kept_no_longer(FetchedAnswer answer);
  runtime::Task<> store(FetchedAnswer answer, class Draft& draft);
  runtime::Task<> serve_stored(cache::ObjectRef object);
  std::optional<Errand> whole_behind(const Draft& draft);
  runtime::Task<> pass_on(FetchedAnswer answer, StoreVerdict verdict);

  EdgeRequest& request_;
  EdgeShard& edge_;
  cache::Fill fill_;
  Errand errand_;
};

// Answers from `object`; if that breaks off before anything has left, with an error, or with the
// origin's answer where the fault is the cache's own.
runtime::Task<> serve_fetched(EdgeRequest& request, cache::ObjectRef object);
// There is no answer from an origin: the stale one stands in where that is allowed, otherwise the
// error is the answer.
runtime::Task<> stand_in(EdgeRequest& request, Error error);
// Whether there is a stale one that may.
bool may_stand_in(const EdgeRequest& request);

}  // namespace weir::edge

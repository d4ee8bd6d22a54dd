#pragma once
// OriginFetch: asks the origins of a site for one thing that the cache wants, again where that is
// safe, until the head of an answer is there. Needs no client: it may be gone, or never have been.
// On one shard; outlived by the generation.

#include <memory>
#include <optional>

#include "edge/edge_shard.h"
#include "edge/forward.h"
#include "edge/origin_choice.h"
#include "edge/rules/freshness.h"
#include "net/exchange.h"

namespace weir::edge {

// What an origin answered: the head, and the exchange whose body is still to be read.
struct FetchedAnswer {
  std::unique_ptr<net::OriginExchange> exchange;
  const wire::ResponseHead* head = nullptr;  // its views live as long as the exchange
  FetchTimes times{};
};

class OriginFetch {
 public:
  // `trace` takes the span of each attempt. `client`, where there is one, is told of interim
  // answers, and whom was asked.
  OriginFetch(EdgeShard& edge, ShardGeneration& generation, size_t site_index,
              telemetry::Trace& trace, EdgeRequest* client)
      : edge_(edge),
        generation_(generation),
        site_index_(site_index),
        trace_(trace),
        client_(client) {}

  // Errors: those of the last attempt that no breaker forbade.
  runtime::Task<Result<FetchedAnswer>> run(const OriginAsk& ask, runtime::Wait wait);

 private:
  runtime::Task<Result<FetchedAnswer>> attempt(const OriginAsk& ask, SiteOrigin& origin,
                                               runtime::Wait wait, const FailedAsk& before,
                                               std::optional<net::FailedAttempt>& again);
  // What the asking has come to; the client is told whom it is about.
  Error tell(const FailedAsk& failed);
  void take_back_attempt();
  runtime::Task<Result<const wire::ResponseHead*>> final_head(net::OriginExchange& exchange,
                                                              bool conditional, runtime::Wait wait);

  EdgeShard& edge_;
  ShardGeneration& generation_;
  size_t site_index_;
  telemetry::Trace& trace_;
  EdgeRequest* client_;
  const SiteOrigin* failed_ = nullptr;  // the last one that did
  uint8_t attempts_ = 0;
};

}  // namespace weir::edge

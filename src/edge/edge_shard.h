#pragma once
// EdgeShard: the edge on one shard. Its handle() is a request's way from top to bottom; each step
// is a function with a file of its own.

#include <memory>
#include <vector>

#include "edge/access_log.h"
#include "edge/answered_metrics.h"
#include "edge/cache/shard_store.h"
#include "edge/edge_metrics.h"
#include "edge/edge_request.h"
#include "edge/edge_service.h"
#include "edge/rules/origin_pick.h"
#include "edge/written_answer.h"
#include "edge/written_hits.h"
#include "net/health_checker.h"
#include "net/http_exchange.h"
#include "net/origin_client.h"
#include "runtime/scope.h"

namespace weir::edge {

// One origin of a site, as this shard talks to it.
struct SiteOrigin {
  std::unique_ptr<net::OriginClient> client;
  telemetry::Histogram latency;
  LatencyEstimate estimate;  // of this shard's requests
};

class EdgeShard;

// A generation as one shard uses it: with its own connections to the origins. Retired when a new
// one comes, and gone when its last request has ended.
struct ShardGeneration {
  ShardGeneration(EdgeShard& of, std::shared_ptr<const Generation> generation);

  EdgeShard& edge;
  std::shared_ptr<const Generation> shared;
  std::vector<std::vector<SiteOrigin>> clients;               // as Generation::origins
  std::vector<std::unique_ptr<net::HealthChecker>> checkers;  // this shard's share of them
  runtime::Scope checking;
  std::vector<WrittenAnswer> written;  // by site
  WrittenHits hits;
  AnsweredMetrics answered;
  size_t requests = 0;  // and other pins
  bool retired = false;

  const EdgeConfig& config() const { return *shared->config; }
};

class EdgeShard final : public net::HttpHandler {
 public:
  EdgeShard(EdgeService& service, runtime::Shard& shard, net::Resolver& resolver);
  // After stop().
  ~EdgeShard();

  runtime::Task<> handle(net::HttpExchange& exchange) override;
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override;

  // Takes up the service's newest configuration, and the sampling table that the tracer has by now;
  // requests under way end with the ones they began with.
  void renew();
  // Closes the connections to origins. No request may be under way.
  runtime::Task<> stop();

  // --- for the steps ---
  EdgeService& service() { return service_; }
  EdgeMetrics& metrics() { return metrics_; }
  telemetry::Tracer& tracer() { return tracer_; }
  cache::ShardStore& store() { return store_; }
  disk::DiskShard& disk() { return disk_; }
  const EdgeConfig& config() const { return current_->config(); }
  // Background tasks that fetch for the cache; ended by stop(). Each holds its generation.
  runtime::Scope& fills() { return fills_; }
  void enter(ShardGeneration& generation) { ++generation.requests; }
  ShardGeneration& enter_current() {
    ++current_->requests;
    return *current_;
  }
  void leave(ShardGeneration& generation);
  // Where keys are written until the request has to wait for something.
  Buffer& key_scratch() { return key_scratch_; }
  Buffer& variant_scratch() { return variant_scratch_; }
  runtime::Shard& shard() { return shard_; }
  // "Date: ...\r\n", written once a second.
  std::string_view date_line();
  // What the site answers by itself, with the date of now.
  WrittenRun& written_answer(ShardGeneration& generation, size_t site);
  // Keeps `generation` although the request that wants its bytes sent ends before they are.
  Pin pin(ShardGeneration& generation);
  telemetry::LineLog::Producer* access_log() { return access_log_; }
  AccessLogTime& log_time() { return log_time_; }
  // Room for the facts of one choice.
  std::vector<OriginFacts>& origin_facts() { return origin_facts_; }

 private:
  // Goes on with a step that answers, and may wait for it.
  runtime::Task<> answer_and_end(EdgeRequests::Ptr request, runtime::Task<> (*step)(EdgeRequest&));
  void end(EdgeRequests::Ptr request);
  void end_step();
  telemetry::RemoteParent parent_of(const net::HttpExchange& exchange) const;
  std::unique_ptr<ShardGeneration> make_generation();
  void start_checks(ShardGeneration& generation);
  runtime::Task<> dispose(std::unique_ptr<ShardGeneration> generation);

  EdgeService& service_;
  runtime::Shard& shard_;
  net::Resolver& resolver_;
  EdgeMetrics metrics_;
  telemetry::Tracer& tracer_;
  telemetry::LineLog::Producer* access_log_;
  std::unique_ptr<ShardGeneration> current_;
  std::vector<std::unique_ptr<ShardGeneration>> retired_;
  cache::ShardStore store_;
  disk::DiskShard disk_;
  runtime::Scope fills_;
  const bool test_route_;
  runtime::Scope disposals_;
  EdgeRequests requests_;
  int64_t date_second_ = -1;
  Buffer date_line_;
  AccessLogTime log_time_;
  Buffer key_scratch_;
  Buffer variant_scratch_;
  std::vector<OriginFacts> origin_facts_;
  runtime::StepHook step_hook_;
};

}  // namespace weir::edge

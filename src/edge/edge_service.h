#pragma once
// EdgeService: what the shards of one edge have in common: the configuration in force, the state of
// origins that is counted for the whole process, readiness, and the rates of the last seconds. Made
// by the main thread before the shards.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/cache/store.h"
#include "edge/disk/disk_tier.h"
#include "edge/site.h"
#include "net/origin_share.h"
#include "telemetry/client_addresses.h"
#include "telemetry/event_log.h"
#include "telemetry/line_log.h"
#include "telemetry/rate_window.h"
#include "telemetry/registry.h"
#include "telemetry/settings.h"
#include "telemetry/tracing.h"

namespace weir::edge {

// A configuration with the process-wide state of its origins: by site, then by origin. Immutable
// but for the atomics inside the shares.
struct Generation {
  std::shared_ptr<const EdgeConfig> config;
  std::vector<std::vector<std::shared_ptr<net::OriginShare>>> origins;
};

// Compiles `settings`, reading the files that they name, for so many shards. Errors: a text for the
// operator.
std::expected<std::shared_ptr<const Generation>, std::string> make_generation(
    const EdgeSettings& settings, size_t shards);

// What the service records into; all outlive it.
struct EdgeTelemetry {
  telemetry::Registry& registry;
  telemetry::Tracing& tracing;
  telemetry::LineLog* access_log;  // nullptr: none is written
  double access_log_rate = 1;
  bool test_route = false;               // POST /test is served
  bool full_spans = false;               // with the attributes that are only recommended
  telemetry::ClientAddresses addresses;  // what is said of them
  telemetry::EventLog* log = nullptr;    // for what operators should hear of
};

// What the service has of the machine.
struct EdgeMachine {
  size_t shards = 1;
  uint64_t memory_bytes = 0;  // of the process; 0: unknown
  uint64_t seed = 0;          // random
  std::string data;           // directory for what is kept; empty: nothing is
};

class EdgeService {
 public:
  // Errors: a text for the operator that says what is wrong and where.
  static std::expected<std::unique_ptr<EdgeService>, std::string> make(const EdgeSettings& settings,
                                                                       EdgeTelemetry telemetry,
                                                                       const EdgeMachine& machine);

  // The configuration in force. Any thread; shards keep what they got until they are told of a new
  // one.
  std::shared_ptr<const Generation> generation() const;
  // Compiles `settings` and puts them in force for whoever asks from now on; the old ones stay when
  // it fails.
  std::expected<void, std::string> replace(const EdgeSettings& settings);

  const EdgeTelemetry& telemetry() const { return telemetry_; }
  cache::Store& store() { return *store_; }
  disk::DiskTier& disk() { return *disk_; }
  // Whether new requests are welcome: /health/ready.
  std::atomic<bool>& ready() { return ready_; }
  // Whether a new process takes over, so that a purge here would not be one there.
  std::atomic<bool>& handing_over() { return handing_over_; }
  // Takes the readings behind the gauges over the last 10 s, and the time that those of breakers
  // are of; about once a second, by one thread.
  void tick(MonoTime now);

 private:
  EdgeService(const EdgeSettings& settings, EdgeTelemetry telemetry, const EdgeMachine& machine);
  // Shows their breakers instead of those of the generation before.
  void observe_breakers(const Generation& generation);

  EdgeTelemetry telemetry_;
  size_t shards_;
  std::unique_ptr<cache::Store> store_;
  std::unique_ptr<disk::DiskTier> disk_;
  // allow(mutex): taken at start and at reload, never on a request's way
  mutable std::mutex mutex_;  // guards generation_
  std::shared_ptr<const Generation> generation_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> handing_over_{false};
  telemetry::RateWindow requests_;
  telemetry::RateWindow errors_;
  telemetry::RateWindow bytes_out_;
  std::atomic<MonoTime> ticked_{};
  std::vector<telemetry::Observation> observations_;
  std::vector<telemetry::Observation> breaker_observations_;
};

}  // namespace weir::edge

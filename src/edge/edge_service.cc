#include "edge/edge_service.h"

#include "edge/answered_metrics.h"
#include "edge/edge_metrics.h"
#include "edge/stored_answer.h"
#include "net/client_metrics.h"

namespace weir::edge {
namespace {

// What is known of an origin's health outlives a reload.
void keep_health(const Generation& before, const Generation& after) {
  for (const auto& olds : before.origins)
    for (const auto& old : olds)
      for (const auto& shares : after.origins)
        for (const auto& share : shares)
          if (share->settings().url == old->settings().url &&
              share->settings().health.path == old->settings().health.path)
            share->set_healthy(old->healthy());
}

}  // namespace

std::expected<std::shared_ptr<const Generation>, std::string> make_generation(
    const EdgeSettings& settings, size_t shards) {
  auto config = compile(settings);
  if (!config) return std::unexpected(config.error());
  auto generation = std::make_shared<Generation>();
  generation->config = *std::move(config);
  for (const Site& site : generation->config->sites) {
    auto& shares = generation->origins.emplace_back();
    for (const net::OriginSettings& origin : site.origins) {
      auto share = net::OriginShare::make(origin, shards);
      if (!share) return std::unexpected("origin " + origin.url + ": " + share.error().text);
      shares.push_back(*std::move(share));
    }
  }
  return generation;
}

EdgeService::EdgeService(const EdgeSettings& settings, EdgeTelemetry telemetry,
                         const EdgeMachine& machine)
    : telemetry_(telemetry),
      shards_(machine.shards),
      store_(std::make_unique<cache::Store>(settings.cache.memory, machine.memory_bytes,
                                            machine.shards, machine.seed)),
      disk_(std::make_unique<disk::DiskTier>(
          settings.cache.disk, machine.data.empty() ? std::string() : machine.data + "/cache",
          machine.shards,
          StoredAnswer::format << 16 | static_cast<uint32_t>(sizeof(StoredAnswer)))) {
  telemetry::Registry& registry = telemetry_.registry;
  const auto per_second = [](telemetry::RateWindow& window) {
    return [&window] { return window.per_second(); };
  };
  observations_.push_back(registry.observe(requests_per_second_decl, {}, per_second(requests_)));
  observations_.push_back(registry.observe(qps_decl, {}, per_second(requests_)));
  observations_.push_back(registry.observe(bandwidth_decl, {}, per_second(bytes_out_)));
  observations_.push_back(registry.observe_sum(duration_decl, server_duration_decl));
  for (telemetry::Observation& observation : store_->observe(registry))
    observations_.push_back(std::move(observation));
  observations_.push_back(registry.observe(error_rate_decl, {}, [this] {
    const uint64_t requests = requests_.increase();
    return requests ? static_cast<double>(errors_.increase()) / static_cast<double>(requests) : 0.0;
  }));
}

std::expected<std::unique_ptr<EdgeService>, std::string> EdgeService::make(
    const EdgeSettings& settings, EdgeTelemetry telemetry, const EdgeMachine& machine) {
  if (settings.cache.disk.bytes > 0 && machine.data.empty())
    return std::unexpected("edge.cache.disk.bytes: needs a directory: set runtime.data (--data)");
  std::unique_ptr<EdgeService> service(new EdgeService(settings, telemetry, machine));
  if (auto replaced = service->replace(settings); !replaced)
    return std::unexpected(replaced.error());
  return service;
}

std::shared_ptr<const Generation> EdgeService::generation() const {
  // allow(mutex): a shard asks once at its start and once a reload, not on a request's way
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::expected<void, std::string> EdgeService::replace(const EdgeSettings& settings) {
  auto generation = make_generation(settings, shards_);
  if (!generation) return std::unexpected(generation.error());
  // allow(mutex): the main thread, once a reload
  const std::lock_guard lock(mutex_);
  if (generation_) keep_health(*generation_, **generation);
  observe_breakers(**generation);
  generation_ = *std::move(generation);
  return {};
}

void EdgeService::observe_breakers(const Generation& generation) {
  breaker_observations_.clear();
  for (const auto& shares : generation.origins)
    for (const auto& share : shares)
      breaker_observations_.push_back(telemetry_.registry.observe(
          net::origin_breaker_state, {share->authority()},
          [this, share] { return static_cast<double>(share->breaker().state(ticked_.load())); }));
}

void EdgeService::tick(MonoTime now) {
  ticked_.store(now);
  const telemetry::Registry& registry = telemetry_.registry;
  requests_.tick(now, registry.total(requests_decl));
  errors_.tick(now, registry.total(errors_decl));
  bytes_out_.tick(now, registry.total(bytes_out_decl));
}

}  // namespace weir::edge

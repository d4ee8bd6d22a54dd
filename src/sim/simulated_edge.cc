#include "sim/simulated_edge.h"

#include "edge/edge_shard.h"
#include "net/resolver.h"
#include "runtime/waiter.h"

namespace weir::sim {
namespace {

edge::EdgeSettings edge_settings(const SimulatedEdgeOptions& options) {
  edge::EdgeSettings settings = settings::defaults(edge::edge_settings());
  edge::SiteSettings site;
  site.host = {"*"};
  site.body_bytes_max = 1 << 30;
  site.request_timeout = options.request_timeout;
  site.pass_host = true;
  for (const std::string& url : options.origin_urls) {
    net::OriginSettings origin = net::origin_with_defaults(url);
    origin.connections_max = options.origin_connections_max;
    origin.response_timeout = options.origin_timeout;
    if (options.origin_http2) origin.http2.use = net::Http2Use::on;
    site.origins.push_back(origin);
  }
  settings.sites = {site};
  settings.cache.memory.bytes = options.cache_bytes;
  settings.cache.fill.range_bytes_max = options.range_bytes_max;
  if (options.disk_bytes > 0) {
    edge::disk::DiskSettings& disk = settings.cache.disk;
    disk.bytes = options.disk_bytes;
    disk.partitions = 3;
    disk.segment_bytes = 512 << 10;
    disk.flush_after = milliseconds(50);
    disk.admission =
        options.disk_takes_all ? edge::disk::Admission::all : edge::disk::Admission::hit_once;
  }
  return settings;
}

net::HttpServerSettings http_settings(const SimulatedEdgeOptions& options) {
  net::HttpServerSettings settings = settings::defaults(net::http_server_settings());
  settings.request_timeout = options.request_timeout;
  settings.connections_max = options.connections_max;
  return settings;
}

}  // namespace

SimulatedEdge::SimulatedEdge(runtime::SimWorld& world, const SimulatedEdgeOptions& options)
    : world_(world),
      server_settings_(http_settings(options)),
      registry_(static_cast<unsigned>(options.shards)),
      tracing_(registry_.shards(), options.telemetry, world.random()()),
      exports_(options.exports),
      recording_(options.shards),
      servers_(options.shards),
      listener_(*world.network().open_listener(options.address)),
      wrap_(options.wrap) {
  auto service = edge::EdgeService::make(
      edge_settings(options),
      {.registry = registry_, .tracing = tracing_, .access_log = nullptr, .access_log_rate = 1},
      {.shards = options.shards,
       .memory_bytes = 0,
       .seed = world.random()(),
       .data = options.disk_bytes > 0 ? "/" : ""});
  WEIR_ASSERT(service.has_value());
  service_ = *std::move(service);
  service_->ready().store(true);
  if (exports_) prepare_exports(*exports_);
  process_ = std::make_unique<runtime::SimProcess>(
      world, options.address, options.shards, [this](runtime::Shard& shard) {
        return receivers_.any() && shard.index() == 0 ? serve_and_export(shard) : serve(shard);
      });
}

void SimulatedEdge::prepare_exports(const otlp::OtlpSettings& settings) {
  auto receivers = otlp::Receivers::of(settings, registry_.shards());
  WEIR_ASSERT(receivers.has_value());
  receivers_ = *std::move(receivers);
  for (unsigned shard = 0; shard < tracing_.shards(); ++shard)
    tracing_.tracer(shard).logs().enable();
  tracing_.observe(registry_);
  collector_.emplace(registry_, outbox_, settings, otlp::Resource{}, WallTime());
}

void SimulatedEdge::tick(WallTime wall) {
  service_->tick(world_.now());
  tracing_.set_clock(world_.now(), wall);
  if (collector_) collector_->tick(world_.now(), wall);
  (void)tracing_.tick(world_.now());
}

void SimulatedEdge::drain(Duration limit) {
  if (std::exchange(drained_, true)) return;
  process_->drain();
  world_.run_while([this] { return servers_.accepting().load() > 0; }, world_.now() + limit);
  world_.network().close_listener(listener_);
}

runtime::Task<> SimulatedEdge::serve(runtime::Shard& shard) {
  telemetry::Recorder& recorder = registry_.recorder(static_cast<unsigned>(shard.index()));
  net::LiteralResolver resolver;
  edge::EdgeShard edge(*service_, shard, resolver);
  net::HttpServer server(shard, servers_, wrap_ ? wrap_(edge) : edge, server_settings_, recorder);
  co_await server.run(listener_);
  co_await edge.stop();
  --recording_;
}

runtime::Task<> SimulatedEdge::serve_and_export(runtime::Shard& shard) {
  net::LiteralResolver resolver;
  otlp::Exporters exporters(shard, {tracing_, outbox_, registry_.recorder(0), log_, resolver},
                            receivers_, *exports_, otlp::Resource{});
  exporters.start();
  co_await serve(shard);
  while (recording_ > 0 && !shard.closing().requested())
    (void)co_await runtime::sleep(shard.reactor(),
                                  {shard.now() + milliseconds(5), &shard.closing()});
  co_await exporters.stop();
}

}  // namespace weir::sim

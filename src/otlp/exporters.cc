#include "otlp/exporters.h"

namespace weir::otlp {

std::expected<Receivers, std::string> Receivers::of(const OtlpSettings& settings, size_t shards) {
  Receivers all;
  for (const auto& [signal, receiver] : {std::pair{Signal::traces, &all.traces},
                                         {Signal::metrics, &all.metrics},
                                         {Signal::logs, &all.logs}}) {
    const auto endpoint = endpoint_of(settings, signal);
    if (!endpoint) continue;
    auto made =
        net::OriginShare::make(receiver_of(for_signal(settings, signal), *endpoint), shards);
    if (!made)
      return std::unexpected("otlp: receiver " + endpoint->origin + ": " + made.error().text);
    *receiver = *std::move(made);
  }
  return all;
}

Exporters::Exporters(runtime::Shard& shard, ExportersParts parts, const Receivers& receivers,
                     const OtlpSettings& settings, const Resource& resource) {
  const auto to = [&](const net::OriginSharePtr& receiver) {
    return DeliveryParts{parts.recorder, parts.log, parts.resolver, receiver};
  };
  const unsigned lanes = lanes_of(settings.concurrent_exports_max, parts.tracing.shards());
  for (unsigned first = 0; receivers.traces && first < lanes; ++first)
    traces_.emplace_back(shard,
                         TraceExporterParts{parts.tracing, parts.recorder, parts.log,
                                            parts.resolver, receivers.traces},
                         settings, resource, Lane{first, lanes});
  if (receivers.metrics)
    metrics_.emplace(shard, parts.outbox, to(receivers.metrics), settings, resource);
  for (unsigned first = 0; receivers.logs && first < lanes; ++first)
    logs_.emplace_back(shard, parts.tracing, to(receivers.logs), settings, resource,
                       Lane{first, lanes});
}

void Exporters::start() {
  for (TraceExporter& each : traces_)
    each.start();
  if (metrics_) metrics_->start();
  for (LogExporter& each : logs_)
    each.start();
}

runtime::Task<> Exporters::stop() {
  for (TraceExporter& each : traces_)
    each.finish();
  if (metrics_) metrics_->finish();
  for (LogExporter& each : logs_)
    each.finish();
  for (TraceExporter& each : traces_)
    co_await each.stop();
  if (metrics_) co_await metrics_->stop();
  for (LogExporter& each : logs_)
    co_await each.stop();
}

}  // namespace weir::otlp

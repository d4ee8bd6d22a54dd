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
  if (receivers.traces)
    traces_.emplace(shard,
                    TraceExporterParts{parts.tracing, parts.recorder, parts.log, parts.resolver,
                                       receivers.traces},
                    settings, resource);
  if (receivers.metrics)
    metrics_.emplace(shard, parts.outbox, to(receivers.metrics), settings, resource);
  if (receivers.logs) logs_.emplace(shard, parts.tracing, to(receivers.logs), settings, resource);
}

void Exporters::start() {
  if (traces_) traces_->start();
  if (metrics_) metrics_->start();
  if (logs_) logs_->start();
}

runtime::Task<> Exporters::stop() {
  if (traces_) co_await traces_->stop();
  if (metrics_) co_await metrics_->stop();
  if (logs_) co_await logs_->stop();
}

}  // namespace weir::otlp

#include "otlp/metric_exporter.h"

namespace weir::otlp {
namespace {

using runtime::Task;

// How often it looks whether there is something to send.
constexpr Duration look_interval = milliseconds(200);

}  // namespace

MetricExporter::MetricExporter(runtime::Shard& shard, MetricOutbox& outbox, DeliveryParts parts,
                               const OtlpSettings& settings, const Resource& resource)
    : shard_(shard),
      outbox_(outbox),
      compression_(for_signal(settings, Signal::metrics).compression),
      flush_timeout_(settings.flush_timeout),
      delivery_(shard, std::move(parts), settings, resource.program_version,
                {Signal::metrics, "metrics", exporter_points_exported, exporter_points_inflight}),
      scope_(shard.reactor()),
      ended_(shard.reactor()) {}

void MetricExporter::start() {
  scope_.spawn(run());
}

void MetricExporter::finish() {
  if (last_.requested()) return;
  last_.request();
  stop_by_ = after(shard_.now(), flush_timeout_);
}

Task<> MetricExporter::stop() {
  finish();
  if (scope_.running() > 0) (void)co_await ended_.wait({stop_by_, &shard_.closing()});
  scope_.cancel().request();
  co_await scope_.join();
  co_await delivery_.stop();
}

Task<> MetricExporter::run() {
  while (!last_.requested()) {
    (void)co_await runtime::sleep(shard_.reactor(), {after(shard_.now(), look_interval), &last_});
    co_await send_waiting();
  }
  ended_.wake_all();
}

Task<> MetricExporter::send_waiting() {
  if (!outbox_.waiting()) co_return;
  const std::vector<MetricRequest> requests = outbox_.take();
  for (const MetricRequest& request : requests) {
    if (scope_.cancel().requested()) co_return;
    const Message message{request.body, compression_ == Compression::gzip};
    (void)co_await delivery_.send(message, request.points, last_, scope_.cancel());
  }
}

}  // namespace weir::otlp

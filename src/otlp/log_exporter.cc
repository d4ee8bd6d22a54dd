#include "otlp/log_exporter.h"

#include <algorithm>

#include "otlp/work.h"

namespace weir::otlp {
namespace {

using runtime::Task;

// How often it looks whether a ring is half full.
constexpr Duration look_interval = milliseconds(200);
// About 50 us of work each.
constexpr size_t records_a_slice = 64;

}  // namespace

LogExporter::LogExporter(runtime::Shard& shard, telemetry::Tracing& tracing, DeliveryParts parts,
                         const OtlpSettings& settings, const Resource& resource, Lane lane)
    : shard_(shard),
      tracing_(tracing),
      settings_(for_signal(settings, Signal::logs)),
      lane_(lane),
      delivery_(shard, std::move(parts), settings, resource.program_version,
                {Signal::logs, "logs", exporter_logs_exported, exporter_logs_inflight}),
      encoder_(resource, tracing),
      packer_(shard.reactor(), tracing, settings_.compression),
      scope_(shard.reactor()),
      ended_(shard.reactor()) {}

void LogExporter::start() {
  scope_.spawn(run());
}

void LogExporter::finish() {
  if (last_.requested()) return;
  last_.request();
  stop_by_ = after(shard_.now(), settings_.flush_timeout);
}

Task<> LogExporter::stop() {
  finish();
  if (scope_.running() > 0) (void)co_await ended_.wait({stop_by_, &shard_.closing()});
  scope_.cancel().request();
  co_await scope_.join();
  co_await delivery_.stop();
}

Task<> LogExporter::run() {
  while (!last_.requested()) {
    co_await wait_for_work();
    for (unsigned shard = lane_.first; shard < tracing_.shards(); shard += lane_.step)
      co_await drain(tracing_.tracer(shard).logs(), events_);
    if (lane_.first == 0) co_await drain(tracing_.lines(), lines_);
  }
  ended_.wake_all();
}

Task<> LogExporter::wait_for_work() {
  const MonoTime due = after(shard_.now(), settings_.interval);
  while (!last_.requested() && shard_.now() < due && !half_full())
    (void)co_await runtime::sleep(shard_.reactor(),
                                  {std::min(due, after(shard_.now(), look_interval)), &last_});
}

bool LogExporter::half_full() const {
  for (unsigned shard = lane_.first; shard < tracing_.shards(); shard += lane_.step)
    if (tracing_.tracer(shard).logs().half_full()) return true;
  return lane_.first == 0 && tracing_.lines().half_full();
}

template <class Source>
Task<> LogExporter::drain(Source& source, typename Source::Batch& batch) {
  while (!scope_.cancel().requested()) {
    const uint64_t count = co_await fill(source, batch);
    if (count == 0) co_return;
    const Message message = co_await packer_.pack(encoder_.end());
    const Delivery::Outcome outcome =
        co_await delivery_.send(message, count, last_, scope_.cancel());
    // Cut short by the end of the process: what became of it is not known.
    if (!outcome.delivered && scope_.cancel().requested()) co_return;
    source.settle(batch, count, outcome.delivered ? outcome.rejected : count);
    if (!outcome.delivered && last_.requested()) co_return;
  }
}

template <class Source>
Task<uint64_t> LogExporter::fill(Source& source, typename Source::Batch& batch) {
  encoder_.begin(settings_.batch_bytes_max);
  source.peek(settings_.batch_spans_max, batch);
  Work work(shard_.reactor(), tracing_);
  uint64_t count = 0;
  while (count < batch.records.size() && encoder_.add(batch.records[count]))
    if (++count % records_a_slice == 0) co_await work.let_others();
  co_return count;
}

}  // namespace weir::otlp

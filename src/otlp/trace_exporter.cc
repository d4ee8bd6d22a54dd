#include "otlp/trace_exporter.h"

#include <algorithm>

#include "otlp/work.h"
#include "telemetry/trace.h"

namespace weir::otlp {
namespace {

using runtime::Task;
using telemetry::TraceQueue;

// How often it looks whether a queue is half full.
constexpr Duration look_interval = milliseconds(200);
// About 50 us of work each.
constexpr size_t traces_a_slice = 32;

}  // namespace

TraceExporter::TraceExporter(runtime::Shard& shard, TraceExporterParts parts,
                             const OtlpSettings& settings, const Resource& resource, Lane lane)
    : shard_(shard),
      tracing_(parts.tracing),
      settings_(for_signal(settings, Signal::traces)),
      lane_(lane),
      delivery_(shard, {parts.recorder, parts.log, parts.resolver, std::move(parts.receiver)},
                settings, resource.program_version,
                {Signal::traces, "spans", exporter_spans_exported, exporter_spans_inflight}),
      encoder_(resource, parts.tracing),
      packer_(shard.reactor(), parts.tracing, settings_.compression),
      scope_(shard.reactor()),
      ended_(shard.reactor()),
      batches_((parts.tracing.shards() - lane.first + lane.step - 1) / lane.step) {}

void TraceExporter::start() {
  scope_.spawn(run());
}

void TraceExporter::finish() {
  if (wake_.requested()) return;
  wake_.request();
  stop_by_ = after(reactor().now(), settings_.flush_timeout);
}

Task<> TraceExporter::stop() {
  finish();
  if (scope_.running() > 0) (void)co_await ended_.wait({stop_by_, &shard_.closing()});
  scope_.cancel().request();
  co_await scope_.join();
  co_await delivery_.stop();
}

Task<> TraceExporter::run() {
  while (!wake_.requested()) {
    co_await wait_for_work();
    co_await drain();
  }
  ended_.wake_all();
}

Task<> TraceExporter::wait_for_work() {
  const MonoTime due = after(reactor().now(), settings_.interval);
  while (!wake_.requested() && reactor().now() < due && !half_full())
    (void)co_await runtime::sleep(reactor(),
                                  {std::min(due, after(reactor().now(), look_interval)), &wake_});
}

bool TraceExporter::half_full() const {
  for (unsigned shard = lane_.first; shard < tracing_.shards(); shard += lane_.step) {
    const TraceQueue& queue = tracing_.tracer(shard).queue();
    if (queue.spans_held() * 2 >= queue.spans_max()) return true;
  }
  return false;
}

Task<> TraceExporter::drain() {
  while (!scope_.cancel().requested()) {
    co_await fill();
    if (batch_spans_ == 0) co_return;
    const Message message = co_await packer_.pack(encoder_.end());
    const Delivery::Outcome outcome =
        co_await delivery_.send(message, batch_spans_, wake_, scope_.cancel());
    // Cut short by the end of the process: what became of it is not known.
    if (!outcome.delivered && scope_.cancel().requested()) co_return;
    settle(outcome);
    if (!outcome.delivered && wake_.requested()) co_return;
  }
}

Task<> TraceExporter::fill() {
  encoder_.begin(settings_.batch_bytes_max);
  batch_spans_ = 0;
  for (size_t i = 0; i < batches_.size(); ++i) {
    const size_t index = (first_queue_ + i) % batches_.size();
    co_await fill_from(queue(index), batches_[index]);
  }
  // No queue is behind the others for ever.
  first_queue_ = (first_queue_ + 1) % batches_.size();
}

Task<> TraceExporter::fill_from(TraceQueue& queue, TraceQueue::Batch& batch) {
  batch.traces.clear();
  batch.spans = 0;
  const uint64_t room = settings_.batch_spans_max - batch_spans_;
  if (room < telemetry::Trace::spans_max) co_return;
  queue.peek(room, settings_.batch_bytes_max, batch);
  Work work(reactor(), tracing_);
  uint64_t fitting = 0;
  size_t traces = 0;
  while (traces < batch.traces.size() && encoder_.add(batch.traces[traces])) {
    fitting += batch.traces[traces].span_count();
    if (++traces % traces_a_slice == 0) co_await work.let_others();
  }
  if (fitting == 0) {
    batch.traces.clear();
    batch.spans = 0;
  } else if (fitting < batch.spans) {
    queue.peek(fitting, UINT64_MAX, batch);
  }
  batch_spans_ += batch.spans;
}

void TraceExporter::settle(Delivery::Outcome outcome) {
  for (size_t i = 0; i < batches_.size(); ++i) {
    const TraceQueue::Batch& batch = batches_[i];
    if (batch.traces.empty()) continue;
    if (!outcome.delivered) {
      queue(i).failed(batch);
      continue;
    }
    const uint64_t rejected = std::min(outcome.rejected, batch.spans);
    outcome.rejected -= rejected;
    queue(i).exported(batch, rejected);
  }
}

}  // namespace weir::otlp

#include "otlp/trace_exporter.h"

#include <algorithm>

#include "otlp/export_response.h"
#include "otlp/work.h"
#include "telemetry/trace.h"

namespace weir::otlp {
namespace {

using runtime::Task;
using telemetry::LogLevel;
using telemetry::TraceQueue;

constexpr const char* module = "otlp";

// How often it looks whether a queue is half full.
constexpr Duration look_interval = milliseconds(200);
// About 50 us of work each.
constexpr size_t traces_a_slice = 32;
constexpr size_t gzip_bytes_a_slice = 8 * 1024;

}  // namespace

TraceExporter::TraceExporter(runtime::Shard& shard, TraceExporterParts parts,
                             const OtlpSettings& settings, const Resource& resource)
    : shard_(shard),
      tracing_(parts.tracing),
      log_(parts.log),
      settings_(settings),
      client_(shard, std::move(parts.receiver), parts.resolver, parts.recorder),
      metrics_(parts.recorder),
      encoder_(resource, parts.tracing),
      scope_(shard.reactor()),
      ended_(shard.reactor()),
      batches_(parts.tracing.shards()) {
  const std::optional<Endpoint> endpoint = endpoint_of(settings, Signal::traces);
  WEIR_ASSERT(endpoint.has_value());
  client_.set_head(endpoint->target, resource.program_version, settings.headers);
}

void TraceExporter::start() {
  scope_.spawn(run());
}

Task<> TraceExporter::stop() {
  wake_.request();
  const MonoTime until = after(reactor().now(), settings_.flush_timeout);
  if (scope_.running() > 0) (void)co_await ended_.wait({until, &shard_.closing()});
  scope_.cancel().request();
  co_await scope_.join();
  co_await client_.stop();
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
  for (unsigned shard = 0; shard < tracing_.shards(); ++shard) {
    const TraceQueue& queue = tracing_.tracer(shard).queue();
    if (queue.spans_held() * 2 >= queue.spans_max()) return true;
  }
  return false;
}

Task<> TraceExporter::drain() {
  while (!scope_.cancel().requested()) {
    co_await fill();
    if (batch_spans_ == 0) co_return;
    const auto inflight = static_cast<int64_t>(batch_spans_);
    metrics_.inflight.add(inflight);
    const Message message = co_await make_message();
    const Outcome outcome = co_await deliver(message);
    metrics_.inflight.subtract(inflight);
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
    const size_t queue = (first_queue_ + i) % batches_.size();
    co_await fill_from(tracing_.tracer(static_cast<unsigned>(queue)).queue(), batches_[queue]);
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

Task<Message> TraceExporter::make_message() {
  std::string_view rest = encoder_.end();
  if (settings_.compression == Compression::none) co_return Message{rest};
  Work work(reactor(), tracing_);
  gzip_.begin();
  while (!rest.empty()) {
    const std::string_view slice = rest.substr(0, gzip_bytes_a_slice);
    gzip_.add(slice);
    rest.remove_prefix(slice.size());
    co_await work.let_others();
  }
  co_return Message{gzip_.end(), true};
}

Task<TraceExporter::Outcome> TraceExporter::deliver(Message message) {
  Backoff backoff(settings_.retry, reactor().now());
  for (;;) {
    Duration asked{};
    const std::optional<Outcome> outcome = co_await attempt(message, asked);
    if (outcome) co_return *outcome;
    const auto pause = backoff.next(reactor().now(), asked, reactor().random());
    if (!pause || wake_.requested()) {
      metrics_.exported.at({failure_}).add(batch_spans_);
      co_return Outcome{};
    }
    (void)co_await runtime::sleep(reactor(), {after(reactor().now(), *pause), &wake_});
    if (scope_.cancel().requested()) co_return Outcome{};
    metrics_.retries.add();
  }
}

Task<std::optional<TraceExporter::Outcome>> TraceExporter::attempt(Message message,
                                                                   Duration& pause) {
  const MonoTime begin = reactor().now();
  const Result<Reply> reply =
      co_await client_.post(message, {after(begin, settings_.timeout), &scope_.cancel()});
  std::optional<Outcome> outcome;
  if (reply) {
    outcome = judge(*reply, pause);
  } else {
    report("no connection to the receiver", to_string(reply.error().code), reply.error().text);
  }
  if (outcome && outcome->delivered) metrics_.bytes.add(message.body.size());
  metrics_.duration.at({failure_}).record(reactor().fresh_now() - begin);
  co_return outcome;
}

std::optional<TraceExporter::Outcome> TraceExporter::judge(const Reply& reply, Duration& pause) {
  const std::string status = std::to_string(reply.status);
  Outcome outcome;
  switch (disposition_of(reply.status)) {
    case Disposition::delivered:
      took(reply, outcome);
      return outcome;
    case Disposition::retry:
      pause = reply.retry_after.value_or(Duration(0));
      report("the receiver is busy", status, parse_error_message(reply.body));
      return std::nullopt;
    case Disposition::refused:
      report("the receiver refused spans", status, parse_error_message(reply.body));
      metrics_.exported.at({failure_}).add(batch_spans_);
      return outcome;
  }
  return outcome;
}

// What is partly rejected is never sent again.
void TraceExporter::took(const Reply& reply, Outcome& outcome) {
  if (!failure_.empty())
    WEIR_LOG(log_, LogLevel::info, module, "spans are sent again", {"to", client_.authority()});
  failure_.clear();
  const PartialSuccess partial = parse_partial_success(reply.body);
  outcome = {true, std::min(partial.rejected, batch_spans_)};
  metrics_.exported.at({""}).add(batch_spans_ - outcome.rejected);
  if (outcome.rejected > 0) metrics_.exported.at({"rejected"}).add(outcome.rejected);
  if (outcome.rejected > 0 || !partial.message.empty())
    WEIR_LOG(log_, LogLevel::warning, module, "the receiver rejected spans",
             {"to", client_.authority()}, {"spans", outcome.rejected}, {"why", partial.message});
}

void TraceExporter::report(std::string_view what, std::string_view why, std::string_view detail) {
  failure_ = why;
  WEIR_LOG(log_, LogLevel::warning, module, what, {"to", client_.authority()}, {"reason", why},
           {"detail", detail});
}

void TraceExporter::settle(Outcome outcome) {
  for (size_t i = 0; i < batches_.size(); ++i) {
    const TraceQueue::Batch& batch = batches_[i];
    if (batch.traces.empty()) continue;
    TraceQueue& queue = tracing_.tracer(static_cast<unsigned>(i)).queue();
    if (!outcome.delivered) {
      queue.failed(batch);
      continue;
    }
    const uint64_t rejected = std::min(outcome.rejected, batch.spans);
    outcome.rejected -= rejected;
    queue.exported(batch, rejected);
  }
}

}  // namespace weir::otlp

#include "telemetry/trace_queue.h"

namespace weir::telemetry {

void TraceQueue::peek(uint64_t spans_max, uint64_t bytes_max, Batch& batch) {
  batch.traces.clear();
  batch.spans = 0;
  batch.end = queue_.consumed();
  uint64_t bytes = 0;
  while (true) {
    std::string_view run = queue_.from(batch.end);
    if (run.empty()) return;
    while (!run.empty()) {
      const TraceView trace(run.data());
      const uint32_t size = trace.header().bytes;
      const bool over = batch.spans + trace.span_count() > spans_max || bytes + size > bytes_max;
      if (over && !batch.traces.empty()) return;
      batch.traces.push_back(trace);
      batch.spans += trace.span_count();
      bytes += size;
      batch.end += size;
      run.remove_prefix(size);
    }
  }
}

// The total is written last: once it agrees with its parts, they are of one moment.
TraceQueue::Account TraceQueue::removed() const {
  for (;;) {
    const uint64_t total = removed_.load(std::memory_order_acquire);
    const Account account{spans_exported(), spans_failed()};
    if (account.exported + account.failed == total) return account;
  }
}

void TraceQueue::remove(const Batch& batch, uint64_t failed) {
  const auto add = [](std::atomic<uint64_t>& total, uint64_t spans) {
    total.store(total.load(std::memory_order_relaxed) + spans, std::memory_order_relaxed);
  };
  queue_.consume_to(batch.end);
  add(exported_, batch.spans - failed);
  add(failed_, failed);
  removed_.store(removed_.load(std::memory_order_relaxed) + batch.spans, std::memory_order_release);
}

}  // namespace weir::telemetry

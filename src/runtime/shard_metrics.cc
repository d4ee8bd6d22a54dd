#include "runtime/shard_metrics.h"

#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

constexpr Duration look_time = milliseconds(100);

void add_growth(telemetry::Counter counter, uint64_t& seen, uint64_t total) {
  counter.add(total - seen);
  seen = total;
}

}  // namespace

Task<> measure_shard(Shard& shard, telemetry::Recorder& recorder) {
  telemetry::Counter exhausted = recorder.bind(recv_buffers_exhausted);
  telemetry::Counter refused = recorder.bind(file_operations_refused);
  telemetry::Histogram delay = recorder.bind(shard_delay);
  telemetry::Gauge waiting = recorder.bind(received_waiting);
  telemetry::Counter paused = recorder.bind(streams_paused);
  telemetry::Counter cut_off = recorder.bind(streams_cut_off);
  uint64_t seen = 0, refused_seen = 0, paused_seen = 0, cut_off_seen = 0;
  for (;;) {
    const MonoTime due = after(shard.now(), look_time);
    if (!co_await sleep(shard.reactor(), {due, &shard.draining()})) co_return;
    delay.record(shard.reactor().fresh_now() - due);
    const ReceiveBudget& received = shard.reactor().received();
    waiting.set(static_cast<double>(received.waiting()));
    add_growth(exhausted, seen, shard.reactor().buffers_exhausted());
    add_growth(refused, refused_seen, shard.reactor().file_operations_refused());
    add_growth(paused, paused_seen, received.pauses());
    add_growth(cut_off, cut_off_seen, received.cut_off());
  }
}

}  // namespace weir::runtime

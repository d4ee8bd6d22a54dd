#include "runtime/shard_metrics.h"

#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

constexpr Duration look_time = milliseconds(100);

}  // namespace

Task<> measure_shard(Shard& shard, telemetry::Recorder& recorder) {
  telemetry::Counter exhausted = recorder.bind(recv_buffers_exhausted);
  telemetry::Counter refused = recorder.bind(file_operations_refused);
  telemetry::Histogram delay = recorder.bind(shard_delay);
  uint64_t seen = 0, refused_seen = 0;
  for (;;) {
    const MonoTime due = after(shard.now(), look_time);
    if (!co_await sleep(shard.reactor(), {due, &shard.draining()})) co_return;
    delay.record(shard.reactor().fresh_now() - due);
    const uint64_t total = shard.reactor().buffers_exhausted();
    exhausted.add(total - seen);
    seen = total;
    const uint64_t refused_total = shard.reactor().file_operations_refused();
    refused.add(refused_total - refused_seen);
    refused_seen = refused_total;
  }
}

}  // namespace weir::runtime

#include "runtime/shard_metrics.h"

#include <array>

#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

constexpr Duration look_time = milliseconds(100);

// A total of the reactor's as a counter.
struct Followed {
  telemetry::Counter counter;
  uint64_t (*total)(Reactor& reactor);
  uint64_t seen = 0;

  void look(Reactor& reactor) {
    const uint64_t now = total(reactor);
    counter.add(now - seen);
    seen = now;
  }
};

}  // namespace

Task<> measure_shard(Shard& shard, telemetry::Recorder& recorder) {
  std::array<Followed, 5> followed{{
      {recorder.bind(recv_buffers_exhausted), [](Reactor& r) { return r.buffers_exhausted(); }},
      {recorder.bind(relays_refused), [](Reactor& r) { return r.pipes().refused(); }},
      {recorder.bind(file_operations_refused),
       [](Reactor& r) { return r.file_operations_refused(); }},
      {recorder.bind(streams_paused), [](Reactor& r) { return r.received().pauses(); }},
      {recorder.bind(streams_cut_off), [](Reactor& r) { return r.received().cut_off(); }},
  }};
  telemetry::Gauge waiting = recorder.bind(received_waiting);
  telemetry::Histogram delay = recorder.bind(shard_delay);
  for (;;) {
    const MonoTime due = after(shard.now(), look_time);
    if (!co_await sleep(shard.reactor(), {due, &shard.draining()})) co_return;
    delay.record(shard.reactor().fresh_now() - due);
    waiting.set(static_cast<double>(shard.reactor().received().waiting()));
    for (Followed& each : followed)
      each.look(shard.reactor());
  }
}

}  // namespace weir::runtime

#pragma once
// What tests of traces share: declarations, settings, times, and what a tracer says afterwards.

#include "base/units.h"
#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

inline constexpr SpanDecl edge_request{"edge.request", SpanKind::server};
inline constexpr SpanDecl origin_fetch{"origin.fetch", SpanKind::client};

inline TelemetrySettings settings_with(double rate, uint32_t queue_spans = 1000) {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.rate = rate;
  settings.queue_spans_max = queue_spans;
  settings.flight_recorder_bytes = 64 * KiB;
  return settings;
}

inline MonoTime at(int64_t ns) {
  return MonoTime(Duration(ns));
}

inline TraceQueue::Batch peek_all(Tracer& tracer) {
  TraceQueue::Batch batch;
  tracer.queue().peek(UINT64_MAX, UINT64_MAX, batch);
  return batch;
}

inline bool balanced(const Tracer& tracer) {
  const SpanAccount account = tracer.account();
  return account.unaccounted() == 0 && account.created == tracer.created() &&
         account.exported == tracer.queue().spans_exported() &&
         account.queued == tracer.queue().spans_held();
}

}  // namespace weir::telemetry

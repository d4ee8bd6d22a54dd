#pragma once
// What became of what was given to the queues behind the recording, by the names of OpenTelemetry's
// conventions for processors.

#include "telemetry/instrument.h"

namespace weir::telemetry {

inline constexpr CounterDecl spans_processed{
    .name = "otel.sdk.processor.span.processed",
    .unit = "{span}",
    .help =
        "Spans of kept traces that have left the queue; error.type is queue_full for those that "
        "found no room in it.",
    .labels = {"error.type"}};
inline constexpr CounterDecl logs_processed{
    .name = "otel.sdk.processor.log.processed",
    .unit = "{log_record}",
    .help =
        "Log events that have left their ring; error.type is queue_full for those that found no "
        "room in it.",
    .labels = {"error.type"}};
inline constexpr UpDownCounterDecl log_queue_size{
    .name = "otel.sdk.processor.log.queue.size",
    .unit = "{log_record}",
    .help = "Log events that wait for export, in rings of telemetry.logs_ring_bytes."};

}  // namespace weir::telemetry

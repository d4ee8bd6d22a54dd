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
inline constexpr CounterDecl logs_processed{.name = "otel.sdk.processor.log.processed",
                                            .unit = "{log_record}",
                                            .help =
                                                "Log events, and lines of the log, that have left "
                                                "their queue; error.type is queue_full for "
                                                "those that found no room in it.",
                                            .labels = {"error.type"}};
inline constexpr UpDownCounterDecl log_queue_size{
    .name = "otel.sdk.processor.log.queue.size",
    .unit = "{log_record}",
    .help = "Log events, and lines of the log, that wait for export."};
inline constexpr UpDownCounterDecl log_queue_capacity{
    .name = "otel.sdk.processor.log.queue.capacity",
    .unit = "{log_record}",
    .help =
        "Most log events that may wait for export, and most lines of the log "
        "(telemetry.queue_logs_max)."};

}  // namespace weir::telemetry

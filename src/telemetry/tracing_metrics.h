#pragma once
// What Tracing shows of itself: what became of spans, traces and log events, and what all of it
// costs.

#include "telemetry/instrument.h"

namespace weir::telemetry {

inline constexpr CounterDecl spans_started{
    .name = "otel.sdk.span.started", .unit = "{span}", .help = "Spans created."};
inline constexpr UpDownCounterDecl spans_live{
    .name = "otel.sdk.span.live",
    .unit = "{span}",
    .help = "Spans of requests that have not been answered yet."};
inline constexpr UpDownCounterDecl span_queue_size{
    .name = "otel.sdk.processor.span.queue.size",
    .unit = "{span}",
    .help = "Spans that wait for export; at the capacity, new ones are dropped."};
inline constexpr UpDownCounterDecl span_queue_capacity{
    .name = "otel.sdk.processor.span.queue.capacity",
    .unit = "{span}",
    .help = "Most spans that may wait for export (telemetry.queue_spans_max)."};
inline constexpr CounterDecl spans_exported{.name = "telemetry.spans.exported",
                                            .unit = "{span}",
                                            .help = "Spans that the receiver has taken."};
inline constexpr CounterDecl spans_dropped{
    .name = "telemetry.spans.dropped",
    .unit = "{span}",
    .help = "Spans not exported, by reason; not_sampled is by intent, the others are losses.",
    .labels = {"reason"}};
inline constexpr GaugeDecl spans_unaccounted{
    .name = "telemetry.spans.unaccounted",
    .unit = "{span}",
    .help =
        "Spans created, less those exported, dropped, queued and of open requests; anything but 0 "
        "is a bug of ours."};
inline constexpr CounterDecl traces_kept{
    .name = "telemetry.traces.kept",
    .unit = "{trace}",
    .help = "Traces put into the export queue, by the first reason that applied.",
    .labels = {"reason"}};
inline constexpr GaugeDecl sampling_probability{
    .name = "telemetry.sampling.probability",
    .unit = "1",
    .help =
        "Share of traces that the rate keeps now, by configured path; adaptive sampling moves it.",
    .labels = {"route"},
    .merge = GaugeMerge::max};
inline constexpr GaugeDecl slow_threshold{
    .name = "telemetry.sampling.slow",
    .unit = "s",
    .help =
        "From this duration on a request counts as slow, by configured path; +Inf: not known "
        "yet, or nothing goes by it.",
    .labels = {"route"},
    .merge = GaugeMerge::max};
inline constexpr CounterDecl log_events_exported{
    .name = "telemetry.logs.exported",
    .unit = "{event}",
    .help = "Log events about requests, and lines of the log, that the receiver has taken."};
inline constexpr CounterDecl log_events_dropped{
    .name = "telemetry.logs.dropped",
    .unit = "{event}",
    .help =
        "Log events, and lines of the log, not exported: queue_full (raise "
        "telemetry.queue_logs_max), ring_full (raise telemetry.logs_ring_bytes), shed to hold "
        "telemetry.cpu_share_max, or export_failed: the receiver refused them.",
    .labels = {"reason"}};
inline constexpr GaugeDecl recorder_seconds{
    .name = "telemetry.flight_recorder.duration",
    .unit = "s",
    .help = "How far back the flight recorder reaches, on the shard where it is least.",
    .merge = GaugeMerge::max};

inline constexpr CounterDecl cpu_time{
    .name = "telemetry.cpu.time",
    .unit = "s",
    .help =
        "CPU time of recording (one call in 1,024 is timed), of laying out and packing what is "
        "exported, of answering scrapes, and of writing the access log.",
    .labels = {"part"}};
inline constexpr GaugeDecl cpu_share{
    .name = "telemetry.cpu.share",
    .unit = "1",
    .help =
        "Share of the shards' CPU that telemetry takes, over some five seconds; "
        "telemetry.cpu_share_max bounds it."};
inline constexpr GaugeDecl details_shed{
    .name = "telemetry.shedding",
    .unit = "1",
    .help = "1 while this detail is left out to hold telemetry.cpu_share_max.",
    .labels = {"step"}};
inline constexpr CounterDecl shed_changes{
    .name = "telemetry.shedding.changes",
    .unit = "{change}",
    .help = "How often a detail was shed or taken up again; each time is a line in the log."};

}  // namespace weir::telemetry

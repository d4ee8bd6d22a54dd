#pragma once
// What the exporter says about itself, by the names of OpenTelemetry's conventions for SDKs.

#include "telemetry/instrument.h"

namespace weir::otlp {

inline constexpr telemetry::CounterDecl exporter_spans_exported{
    .name = "otel.sdk.exporter.span.exported",
    .unit = "{span}",
    .help =
        "Spans whose export has ended; error.type says why it failed, and is empty for those "
        "that the receiver took.",
    .labels = {"error.type"}};
inline constexpr telemetry::CounterDecl exporter_points_exported{
    .name = "otel.sdk.exporter.metric_data_point.exported",
    .unit = "{data_point}",
    .help =
        "Metric data points whose export has ended; error.type says why it failed, and is empty "
        "for those that the receiver took.",
    .labels = {"error.type"}};
inline constexpr telemetry::CounterDecl exporter_logs_exported{
    .name = "otel.sdk.exporter.log.exported",
    .unit = "{log_record}",
    .help =
        "Log events whose export has ended; error.type says why it failed, and is empty for those "
        "that the receiver took.",
    .labels = {"error.type"}};
inline constexpr telemetry::UpDownCounterDecl exporter_spans_inflight{
    .name = "otel.sdk.exporter.span.inflight",
    .unit = "{span}",
    .help = "Spans in the request that is under way, its repetitions included."};
inline constexpr telemetry::UpDownCounterDecl exporter_points_inflight{
    .name = "otel.sdk.exporter.metric_data_point.inflight",
    .unit = "{data_point}",
    .help = "Metric data points in the request that is under way, its repetitions included."};
inline constexpr telemetry::UpDownCounterDecl exporter_logs_inflight{
    .name = "otel.sdk.exporter.log.inflight",
    .unit = "{log_record}",
    .help = "Log events in the request that is under way, its repetitions included."};
inline constexpr telemetry::HistogramDecl exporter_duration{
    .name = "otel.sdk.exporter.operation.duration",
    .unit = "s",
    .help = "Time of one attempt to send a request; error.type is the status or what broke it.",
    .labels = {"error.type"}};
inline constexpr telemetry::CounterDecl exporter_retries{
    .name = "otlp.export.retries",
    .unit = "{request}",
    .help = "Requests sent again; the receiver was busy or away."};
inline constexpr telemetry::CounterDecl exporter_bytes{
    .name = "otlp.export.bytes",
    .unit = "By",
    .help = "Bodies of requests that the receiver took, as sent."};

}  // namespace weir::otlp

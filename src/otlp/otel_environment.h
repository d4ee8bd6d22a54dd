#pragma once
// The variables of OpenTelemetry's specification that concern the sending of traces and metrics, as
// settings:
//
//   OTEL_SDK_DISABLED=true                        all endpoints empty
//   OTEL_EXPORTER_OTLP_ENDPOINT                   otlp.endpoint
//   OTEL_EXPORTER_OTLP_{TRACES,METRICS,LOGS}_ENDPOINT   otlp.{traces,metrics,logs}_endpoint
//   OTEL_METRIC_EXPORT_INTERVAL                   otlp.metrics_interval   milliseconds
//   OTEL_EXPORTER_OTLP[_TRACES]_PROTOCOL          otlp.protocol
//   OTEL_EXPORTER_OTLP[_TRACES]_HEADERS           otlp.headers       name=value,... (%XX decoded)
//   OTEL_EXPORTER_OTLP[_TRACES]_TIMEOUT           otlp.timeout       milliseconds
//   OTEL_EXPORTER_OTLP[_TRACES]_COMPRESSION       otlp.compression
//   OTEL_EXPORTER_OTLP[_TRACES]_CERTIFICATE       otlp.ca_file
//   OTEL_EXPORTER_OTLP[_TRACES]_INSECURE=true     http:// before an endpoint without scheme,
//                                                 which otherwise gets https://
//   OTEL_BSP_SCHEDULE_DELAY                       otlp.interval      milliseconds
//   OTEL_BSP_MAX_EXPORT_BATCH_SIZE                otlp.batch_spans_max
//   OTEL_BSP_MAX_QUEUE_SIZE                       telemetry.queue_spans_max
//   OTEL_SERVICE_NAME                             service.name
//   OTEL_RESOURCE_ATTRIBUTES                      service.name, service.version, node.id,
//                                                 node.region; the rest otlp.resource
//
// The one with _TRACES wins; an empty variable is as none. Other OTEL_* variables have no effect.

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "settings/resolve.h"

namespace weir::otlp {

// The settings that `environment` ("NAME=value") asks for in this way, labelled with the
// variables' names; put them before all other sets. Left out is what a WEIR_* variable sets
// itself, so that the order is: file, OTEL_*, WEIR_*, flags. The error names the variable.
std::expected<std::vector<settings::Set>, std::string> otel_sets(
    std::span<const std::string> environment);

}  // namespace weir::otlp

#pragma once
// The variables of OpenTelemetry's specification, as settings. SIGNAL is TRACES, METRICS or LOGS,
// and `otlp.signal` then otlp.traces, otlp.metrics or otlp.logs.
//
//   OTEL_SDK_DISABLED=true                        otlp.signal.send of all: false
//   OTEL_{SIGNAL}_EXPORTER=none                   otlp.signal.send: false
//   OTEL_EXPORTER_OTLP_ENDPOINT                   otlp.endpoint
//   OTEL_EXPORTER_OTLP_{SIGNAL}_ENDPOINT          otlp.signal.endpoint
//   OTEL_EXPORTER_OTLP[_SIGNAL]_INSECURE=true     http:// before an endpoint without scheme,
//                                                 which otherwise gets https://
//   OTEL_EXPORTER_OTLP[_SIGNAL]_PROTOCOL          otlp[.signal].protocol
//   OTEL_EXPORTER_OTLP[_SIGNAL]_HEADERS           otlp[.signal].headers  name=value,... (%XX
//   decoded) OTEL_EXPORTER_OTLP[_SIGNAL]_TIMEOUT           otlp[.signal].timeout milliseconds
//   OTEL_EXPORTER_OTLP[_SIGNAL]_COMPRESSION       otlp[.signal].compression
//   OTEL_EXPORTER_OTLP[_SIGNAL]_CERTIFICATE       otlp[.signal].ca_file
//   OTEL_EXPORTER_OTLP[_SIGNAL]_CLIENT_CERTIFICATE, _CLIENT_KEY
//                                                 otlp[.signal].client_certificate, client_key
//   OTEL_METRIC_EXPORT_INTERVAL                   otlp.metrics_interval            milliseconds
//   OTEL_BSP_SCHEDULE_DELAY, OTEL_BLRP_...        otlp.interval, otlp.logs_interval
//   OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_BLRP_... otlp.batch_spans_max, otlp.batch_logs_max
//   OTEL_BSP_MAX_QUEUE_SIZE                       telemetry.queue_spans_max
//   OTEL_{BSP,BLRP,METRIC}_EXPORT_TIMEOUT         otlp.{traces,logs,metrics}.elapsed_max
//   OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG  telemetry.sampling.strategy: fixed, and .rate
//   OTEL_METRICS_EXEMPLAR_FILTER=always_off       telemetry.exemplars: false
//   OTEL_LOG_LEVEL                                telemetry.log_level
//   OTEL_SERVICE_NAME                             service.name
//   OTEL_RESOURCE_ATTRIBUTES                      service.name, service.version, node.id,
//                                                 node.region; the rest otlp.resource
//
// An empty variable is as none. A name or a choice that is not known here is warned of and has no
// effect, as the specification has it.

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "settings/resolve.h"

namespace weir::otlp {

struct OtelVariables {
  std::vector<settings::Set> sets;    // labelled with the variables' names
  std::vector<std::string> warnings;  // for the operator
};

// The settings that `environment` ("NAME=value") asks for in this way; put them before all other
// sets. Left out is what a WEIR_* variable sets itself, so that the order is: file, OTEL_*, WEIR_*,
// flags. The error names the variable.
std::expected<OtelVariables, std::string> otel_variables(std::span<const std::string> environment);

}  // namespace weir::otlp

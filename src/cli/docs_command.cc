#include "cli/docs_command.h"

#include <algorithm>
#include <vector>

#include "admin/admin_listener.h"
#include "cli/all_settings.h"
#include "cli/terminal.h"
#include "edge/answered_metrics.h"
#include "edge/cache/store_metrics.h"
#include "edge/disk/disk_metrics.h"
#include "edge/edge_metrics.h"
#include "net/client_metrics.h"
#include "net/health_checker.h"
#include "net/http2_metrics.h"
#include "net/server_metrics.h"
#include "net/tls_metrics.h"
#include "otlp/export_metrics.h"
#include "otlp/metric_collector.h"
#include "runtime/shard_metrics.h"
#include "settings/reference.h"
#include "telemetry/process_metrics.h"
#include "telemetry/processor_metrics.h"
#include "telemetry/prometheus.h"
#include "telemetry/self_metrics.h"
#include "telemetry/tracing.h"

namespace weir::cli {
namespace {

using telemetry::info_of;
using telemetry::InstrumentInfo;
using telemetry::InstrumentKind;

struct Part {
  std::string_view title;
  std::vector<InstrumentInfo> instruments;
};

Part edge_part() {
  using namespace edge;
  return {"Requests",
          {info_of(requests_decl), info_of(duration_decl), info_of(server_duration_decl),
           info_of(requests_per_second_decl), info_of(qps_decl), info_of(error_rate_decl),
           info_of(bandwidth_decl), info_of(errors_decl), info_of(bytes_out_decl),
           info_of(bytes_in_decl), info_of(client_aborts_decl), info_of(baggage_left_out_decl),
           info_of(keep_hints_decl), info_of(grpc_calls_decl), info_of(test_calls_decl),
           info_of(origin_latency_decl)}};
}

Part disk_part() {
  using namespace edge::disk;
  return {"The cache on disk",
          {info_of(lookups), info_of(offers), info_of(stored_objects), info_of(stored_bytes),
           info_of(open_partitions), info_of(read_bytes), info_of(written_bytes), info_of(broken),
           info_of(disk_errors), info_of(discards)}};
}

Part cache_part() {
  using namespace edge;
  return {"The cache", {info_of(cache_hit_rate_decl),      info_of(cache_requests_decl),
                        info_of(cache_hits_decl),          info_of(cache_results_decl),
                        info_of(cache_not_storable_decl),  info_of(cache_revalidations_decl),
                        info_of(cache_refreshes_decl),     info_of(cache_fills_refused_decl),
                        info_of(cache_fills_running_decl), info_of(cache_invalidations_decl),
                        info_of(cache_assembled_decl),     info_of(cache::stored_decl),
                        info_of(cache::not_stored_decl),   info_of(cache::removed_decl),
                        info_of(cache::fills_decl),        info_of(cache::claims_decl),
                        info_of(cache::purges_decl),       info_of(cache::bytes_decl),
                        info_of(cache::bytes_max_decl),    info_of(cache::filling_bytes_decl),
                        info_of(cache::objects_decl)}};
}

Part client_part() {
  using namespace net;
  return {"Connections to origins",
          {info_of(origin_connections_opened),
           info_of(origin_connections_reused),
           info_of(origin_connections_handed_over),
           info_of(origin_connections_lost),
           info_of(origin_connections_open),
           info_of(origin_connections_idle),
           info_of(origin_waiting),
           info_of(origin_waiting_refused),
           info_of(origin_connect_failures),
           info_of(origin_breaker_state),
           info_of(origin_breaker_refused),
           info_of(origin_retries),
           info_of(origin_retries_refused),
           info_of(origin_http2_streams),
           info_of(origin_http2_refused),
           info_of(origin_http2_silent),
           info_of(origin_http2_unwanted),
           info_of(origin_healthy),
           info_of(origin_health_checks),
           info_of(dns_lookups)}};
}

Part server_part() {
  using namespace net;
  return {
      "Connections from clients",
      {info_of(connections_accepted), info_of(connections_active), info_of(connections_moved),
       info_of(connections_refused), info_of(connections_ended), info_of(http2_connections),
       info_of(http2_requests_active), info_of(http2_streams_refused),
       info_of(http2_streams_stalled), info_of(http2_resets), info_of(http2_connections_ended),
       info_of(tls_handshakes), info_of(tls_handshake_duration), info_of(tls_certificate_expires)}};
}

Part process_part() {
  using namespace telemetry;
  return {"The process",
          {info_of(runtime::shard_delay), info_of(runtime::received_waiting),
           info_of(runtime::streams_paused), info_of(runtime::streams_cut_off),
           info_of(runtime::recv_buffers_exhausted), info_of(runtime::relays_refused),
           info_of(runtime::file_operations_refused), info_of(process_cpu_seconds),
           info_of(process_resident_bytes), info_of(process_open_fds), info_of(process_max_fds),
           info_of(process_start_seconds), info_of(admin::admin_requests),
           info_of(admin::admin_requests_refused), info_of(admin::admin_handshakes_failed)}};
}

Part telemetry_part() {
  using namespace telemetry;
  return {"Telemetry itself",
          {info_of(spans_started),
           info_of(spans_live),
           info_of(span_queue_size),
           info_of(span_queue_capacity),
           info_of(spans_exported),
           info_of(spans_dropped),
           info_of(spans_processed),
           info_of(logs_processed),
           info_of(log_queue_size),
           info_of(log_queue_capacity),
           info_of(spans_unaccounted),
           info_of(cpu_time),
           info_of(cpu_share),
           info_of(details_shed),
           info_of(shed_changes),
           info_of(traces_kept),
           info_of(log_events_exported),
           info_of(log_events_dropped),
           info_of(sampling_probability),
           info_of(slow_threshold),
           info_of(path_duration),
           info_of(path_quantile),
           info_of(recorder_seconds),
           info_of(telemetry_memory),
           info_of(access_log_lines),
           info_of(access_log_dropped),
           info_of(access_log_lost),
           info_of(access_log_errors),
           info_of(events_written),
           info_of(events_suppressed),
           info_of(events_dropped),
           info_of(otlp::exporter_spans_exported),
           info_of(otlp::exporter_spans_inflight),
           info_of(otlp::exporter_points_inflight),
           info_of(otlp::exporter_logs_inflight),
           info_of(otlp::exporter_points_exported),
           info_of(otlp::exporter_logs_exported),
           info_of(otlp::metric_points_left_out),
           info_of(otlp::exporter_duration),
           info_of(otlp::exporter_retries),
           info_of(otlp::exporter_bytes)}};
}

std::string_view type_of(InstrumentKind kind) {
  switch (kind) {
    case InstrumentKind::counter:
      return "counter";
    case InstrumentKind::histogram:
      return "histogram";
    default:
      return "gauge";
  }
}

std::string labels_of(const InstrumentInfo& info) {
  std::string text;
  for (size_t i = 0; i < info.label_count(); ++i)
    text += (i == 0 ? "`" : ", `") + std::string(info.labels[i]) + "`";
  std::ranges::replace(text, '.', '_');
  return text;
}

std::string row_of(const InstrumentInfo& info) {
  const std::string unit = info.unit.starts_with('{') ? "" : std::string(info.unit);
  return "| `" + telemetry::prometheus_name(info) + "` | " + std::string(type_of(info.kind)) +
         " | " + unit + " | " + labels_of(info) + " | " + std::string(info.help) + " |\n";
}

}  // namespace

std::string metrics_page() {
  std::string text =
      "# Metrics\n\nWritten by `weir docs metrics`; change the declarations, not this page. The "
      "names are\nthose of `/metrics`; over OTLP dots stand where these have underscores. What a "
      "process has not\nused yet has no samples.\n";
  for (const Part& part : {edge_part(), cache_part(), disk_part(), client_part(), server_part(),
                           process_part(), telemetry_part()}) {
    text += "\n## " + std::string(part.title) +
            "\n\n| name | type | unit | labels | what it says |\n|---|---|---|---|---|\n";
    for (const InstrumentInfo& info : part.instruments)
      text += row_of(info);
  }
  return text;
}

int run_docs(const settings::Arguments& arguments, const ProgramImage&) {
  const std::string& page = arguments.arguments[0];
  if (page == "settings") {
    say(settings::reference_page(all_settings()));
    return exit_well;
  }
  if (page == "metrics") {
    say(metrics_page());
    return exit_well;
  }
  complain("weir docs does not know \"" + page + "\"; it knows settings and metrics");
  return exit_misused;
}

}  // namespace weir::cli

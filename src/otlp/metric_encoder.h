#pragma once
// MetricEncoder: a Snapshot as ExportMetricsServiceRequests (opentelemetry-proto 1.x), written
// straight from the merged values. Sums and histograms are cumulative since the start of the
// process, so that a request which is lost takes nothing with it, or of one interval where the
// times say so. Histograms go as exponential ones with at most 160 buckets. One thread.
//
//   ExportMetricsServiceRequest   1 ResourceMetrics (1 Resource   2 ScopeMetrics)
//   ScopeMetrics                  1 InstrumentationScope   2 Metric...
//   Metric     1 name   2 description   3 unit   5 Gauge   7 Sum   10 ExponentialHistogram
//   Gauge      1 NumberDataPoint...
//   Sum        1 NumberDataPoint...   2 temporality (2: cumulative)   3 monotonic
//   NumberDataPoint           2 start   3 time   4 double   6 sfixed64   7 KeyValue...
//   ExponentialHistogram      1 point...   2 temporality
//   its point  1 KeyValue...   2 start   3 time   4 count   5 sum   6 scale (zigzag)
//              7 zeros   8 Buckets (1 offset (zigzag)   2 counts, packed)   11 Exemplar...
//              12 min   13 max
//   Exemplar   2 time   3 double   4 span id   5 trace id
//
// Canonical as proto3 has it: what is zero or empty is left out, but for optional fields (sum, min,
// max) and those of a oneof (4 and 6 of NumberDataPoint).

#include <string>
#include <vector>

#include "base/buffer.h"
#include "otlp/resource.h"
#include "telemetry/prometheus.h"
#include "telemetry/registry.h"
#include "wire/protobuf_writer.h"

namespace weir::otlp {

struct MetricTimes {
  WallTime start;  // of the process, or of the interval
  WallTime now;
  bool delta = false;  // of the interval alone, not since the start of the process
};

// One request.
struct MetricRequest {
  std::string body;
  uint64_t points = 0;
  bool delta = false;  // lost for good when it is not sent
};

class MetricEncoder {
 public:
  explicit MetricEncoder(const Resource& resource);
  MetricEncoder(const MetricEncoder&) = delete;
  MetricEncoder& operator=(const MetricEncoder&) = delete;

  // Exemplars for the histogram that they name, from now on.
  void use_examples(telemetry::HistogramExamples examples) { examples_ = std::move(examples); }
  // As many requests as it takes for each to stay below `bytes_max`; none for an empty snapshot. A
  // metric that is larger by itself is left out and its points are added to `left_out`.
  std::vector<MetricRequest> encode(const telemetry::Snapshot& snapshot, MetricTimes times,
                                    size_t bytes_max, uint64_t& left_out);

 private:
  void write_metric(const telemetry::Metric& metric);
  void write_points(const telemetry::Metric& metric);
  void write_number(const telemetry::InstrumentInfo& info, const telemetry::MetricPoint& point);
  void write_histogram(const telemetry::InstrumentInfo& info, const telemetry::MetricPoint& point);
  void write_buckets(const telemetry::ExponentialBuckets& buckets);
  void write_attributes(uint32_t number, const telemetry::InstrumentInfo& info,
                        const telemetry::MetricPoint& point);
  void write_times();
  void write_examples(const telemetry::InstrumentInfo& info);
  MetricRequest finish(std::string_view metrics, uint64_t points);

  Buffer resource_;  // encoded once, as is the scope
  Buffer scope_;
  Buffer metric_;  // the one that is being written
  wire::ProtobufWriter writer_{metric_};
  MetricTimes times_{};
  telemetry::HistogramExamples examples_;
};

}  // namespace weir::otlp

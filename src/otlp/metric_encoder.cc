#include "otlp/metric_encoder.h"

#include <charconv>

#include "otlp/resource_encoder.h"
#include "otlp/value_encoder.h"

namespace weir::otlp {
namespace {

using telemetry::HistogramData;
using telemetry::InstrumentInfo;
using telemetry::InstrumentKind;
using telemetry::Metric;
using telemetry::MetricPoint;
using wire::ProtobufWriter;

constexpr uint64_t delta = 1, cumulative = 2;
constexpr uint32_t exponential_buckets_max = 160;
// Tags and lengths of the two messages around the metrics.
constexpr size_t around_bytes = 24;

constexpr uint32_t field_of(InstrumentKind kind) {
  switch (kind) {
    case InstrumentKind::gauge:
      return 5;
    case InstrumentKind::histogram:
      return 10;
    default:
      return 7;
  }
}

constexpr uint64_t zigzag(int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  return bits << 1 ^ (value < 0 ? UINT32_MAX : 0);
}

constexpr std::string_view overflow_name = "otel.metric.overflow";

uint64_t integer_of(std::string_view digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

uint64_t time_of(WallTime time) {
  return static_cast<uint64_t>(nanos(time));
}

}  // namespace

MetricEncoder::MetricEncoder(const Resource& resource) {
  append_resource(resource_, resource);
  append_scope(scope_, resource);
}

std::vector<MetricRequest> MetricEncoder::encode(const telemetry::Snapshot& snapshot,
                                                 MetricTimes times, size_t bytes_max,
                                                 uint64_t& left_out) {
  times_ = times;
  const size_t around = resource_.size() + scope_.size() + around_bytes;
  std::vector<MetricRequest> requests;
  std::string metrics;
  uint64_t points = 0;
  for (const Metric& metric : snapshot.metrics) {
    if (metric.points.empty()) continue;
    metric_.clear();
    write_metric(metric);
    if (around + metric_.size() > bytes_max) {
      left_out += metric.points.size();
      continue;
    }
    if (around + metrics.size() + metric_.size() > bytes_max) {
      requests.push_back(finish(metrics, points));
      metrics.clear();
      points = 0;
    }
    metrics += metric_.view();
    points += metric.points.size();
  }
  if (points > 0) requests.push_back(finish(metrics, points));
  return requests;
}

MetricRequest MetricEncoder::finish(std::string_view metrics, uint64_t points) {
  Buffer out;
  ProtobufWriter writer(out);
  const auto resource_metrics = writer.begin_message(1);
  out.append(resource_.view());
  const auto scope_metrics = writer.begin_message(2);
  out.append(scope_.view());
  out.append(metrics);
  writer.end_message(scope_metrics);
  writer.end_message(resource_metrics);
  return {std::string(out.view()), points, times_.delta};
}

void MetricEncoder::write_metric(const Metric& metric) {
  const auto message = writer_.begin_message(2);
  writer_.bytes(1, metric.info.name);
  if (!metric.info.help.empty()) writer_.bytes(2, metric.info.help);
  if (!metric.info.unit.empty()) writer_.bytes(3, metric.info.unit);
  const auto data = writer_.begin_message(field_of(metric.info.kind));
  write_points(metric);
  writer_.end_message(data);
  writer_.end_message(message);
}

void MetricEncoder::write_points(const Metric& metric) {
  const InstrumentKind kind = metric.info.kind;
  for (const MetricPoint& point : metric.points) {
    const auto message = writer_.begin_message(1);
    if (kind == InstrumentKind::histogram)
      write_histogram(metric.info, point);
    else
      write_number(metric.info, point);
    writer_.end_message(message);
  }
  if (kind == InstrumentKind::gauge) return;
  writer_.varint(2, times_.delta ? delta : cumulative);
  if (kind == InstrumentKind::counter) writer_.varint(3, 1);
}

void MetricEncoder::write_times() {
  writer_.fixed64(2, time_of(times_.start));
  writer_.fixed64(3, time_of(times_.now));
}

// Inside a oneof a value is written even if it is the default.
void MetricEncoder::write_number(const InstrumentInfo& info, const MetricPoint& point) {
  write_times();
  if (const auto* count = std::get_if<uint64_t>(&point.value)) writer_.fixed64(6, *count);
  if (const auto* sum = std::get_if<int64_t>(&point.value))
    writer_.fixed64(6, static_cast<uint64_t>(*sum));
  if (const auto* value = std::get_if<double>(&point.value)) writer_.float64(4, *value);
  write_attributes(7, info, point);
}

void MetricEncoder::write_histogram(const InstrumentInfo& info, const MetricPoint& point) {
  const auto& data = std::get<HistogramData>(point.value);
  const telemetry::ExponentialBuckets buckets =
      data.exponential(info.per_unit, exponential_buckets_max);
  const uint64_t count = data.count();
  write_attributes(1, info, point);
  write_times();
  if (count != 0) writer_.fixed64(4, count);
  writer_.float64(5, static_cast<double>(data.sum) / info.per_unit);
  if (buckets.scale != 0) writer_.varint(6, zigzag(buckets.scale));
  if (data.zeros != 0) writer_.fixed64(7, data.zeros);
  if (!buckets.counts.empty()) write_buckets(buckets);
  if (examples_.metric == info.name) write_examples(info);
  if (count == 0) return;
  writer_.float64(12, static_cast<double>(data.min) / info.per_unit);
  writer_.float64(13, static_cast<double>(data.max) / info.per_unit);
}

void MetricEncoder::write_examples(const InstrumentInfo& info) {
  for (const telemetry::Exemplar& each : examples_.exemplars) {
    const auto exemplar = writer_.begin_message(11);
    writer_.fixed64(2, static_cast<uint64_t>(each.time_ns + examples_.wall_offset_ns));
    writer_.float64(3, static_cast<double>(each.value_ns) / info.per_unit);
    write_span_id(writer_, 4, each.span.value);
    write_trace_id(writer_, 5, each.trace);
    writer_.end_message(exemplar);
  }
}

void MetricEncoder::write_buckets(const telemetry::ExponentialBuckets& buckets) {
  const auto positive = writer_.begin_message(8);
  if (buckets.offset != 0) writer_.varint(1, zigzag(buckets.offset));
  const auto counts = writer_.begin_message(2);
  for (const uint64_t each : buckets.counts)
    writer_.append_varint(each);
  writer_.end_message(counts);
  writer_.end_message(positive);
}

// An empty value is as no label. Two of them are no texts by OpenTelemetry's conventions.
void MetricEncoder::write_attributes(uint32_t number, const InstrumentInfo& info,
                                     const MetricPoint& point) {
  const auto write = [&](std::string_view name, std::string_view text) {
    const auto pair = writer_.begin_message(number);
    writer_.bytes(1, name);
    const auto value = writer_.begin_message(2);
    if (name == "hit" || name == overflow_name)
      writer_.varint(2, text == "true" ? 1 : 0);
    else if (name == "http.response.status_code")
      writer_.varint(3, integer_of(text));
    else
      writer_.bytes(1, text);
    writer_.end_message(value);
    writer_.end_message(pair);
  };
  for (size_t i = 0; i < point.values.size(); ++i)
    if (!point.values[i].empty()) write(info.labels[i], point.values[i]);
  if (point.overflow) write(overflow_name, "true");
}

}  // namespace weir::otlp

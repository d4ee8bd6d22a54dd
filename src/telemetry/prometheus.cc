#include "telemetry/prometheus.h"

#include <charconv>
#include <cmath>

namespace weir::telemetry {

namespace {

constexpr std::string_view total_suffix = "_total";

void append_number(std::string& out, double value) {
  if (std::isnan(value)) return void(out += "NaN");
  if (std::isinf(value)) return void(out += value > 0 ? "+Inf" : "-Inf");
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

template <std::integral Integer>
void append_number(std::string& out, Integer value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void append_hex(std::string& out, uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[value >> shift & 15];
}

// Seconds since 1970 with three digits behind the point.
void append_millis(std::string& out, int64_t wall_ns) {
  append_number(out, wall_ns / 1'000'000'000);
  const std::string millis = std::to_string(1000 + wall_ns / 1'000'000 % 1000);
  out.append(".").append(millis, 1);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

std::string legal_name(std::string_view name) {
  std::string legal(name);
  for (char& c : legal)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
  if (!legal.empty() && legal[0] >= '0' && legal[0] <= '9') legal.insert(0, "_");
  return legal;
}

std::string_view type_name(InstrumentKind kind) {
  switch (kind) {
    case InstrumentKind::counter:
      return "counter";
    case InstrumentKind::histogram:
      return "histogram";
    case InstrumentKind::up_down_counter:
    case InstrumentKind::gauge:
      break;
  }
  return "gauge";
}

std::string_view unit_word(std::string_view unit) {
  if (unit == "s") return "seconds";
  if (unit == "ms") return "milliseconds";
  if (unit == "By") return "bytes";
  return {};
}

class MetricWriter {
 public:
  MetricWriter(const Metric& metric, ExpositionFormat format, std::string& out,
               const HistogramExamples& examples)
      : metric_(metric),
        examples_(examples.metric == metric.info.name ? &examples : nullptr),
        name_(prometheus_name(metric.info)),
        open_metrics_(format == ExpositionFormat::open_metrics),
        out_(out) {
    for (size_t i = 0; i < metric.info.label_count(); ++i)
      labels_.push_back(legal_name(metric.info.labels[i]));
  }

  void write() {
    write_head();
    for (const MetricPoint& point : metric_.points)
      write_point(point);
  }

 private:
  // In OpenMetrics a counter's family goes by the name without _total.
  std::string_view family() const {
    std::string_view name = name_;
    if (open_metrics_ && metric_.info.kind == InstrumentKind::counter)
      name.remove_suffix(total_suffix.size());
    return name;
  }

  void write_comment(std::string_view keyword, std::string_view text) {
    out_.append("# ").append(keyword).append(" ").append(family()).append(" ");
    append_escaped(out_, text, open_metrics_ && keyword == "HELP");
    out_ += '\n';
  }

  void write_head() {
    write_comment("HELP", metric_.info.help);
    write_comment("TYPE", type_name(metric_.info.kind));
    const std::string_view unit = unit_word(metric_.info.unit);
    if (open_metrics_ && !unit.empty() && family().ends_with("_" + std::string(unit)))
      write_comment("UNIT", unit);
  }

  void write_point(const MetricPoint& point) {
    if (const auto* data = std::get_if<HistogramData>(&point.value))
      return write_histogram(point, *data);
    write_series("", point, {});
    if (const auto* count = std::get_if<uint64_t>(&point.value)) append_number(out_, *count);
    if (const auto* sum = std::get_if<int64_t>(&point.value)) append_number(out_, *sum);
    if (const auto* value = std::get_if<double>(&point.value)) append_number(out_, *value);
    out_ += '\n';
  }

  void write_histogram(const MetricPoint& point, const HistogramData& data) {
    std::vector<double> bounds(metric_.info.bounds.begin(), metric_.info.bounds.end());
    for (double& bound : bounds)
      bound *= metric_.info.per_unit;
    const std::vector<uint64_t> totals = data.at_or_below(bounds);
    for (size_t i = 0; i < totals.size(); ++i)
      write_bucket(point, bound_text(metric_.info.bounds[i]), totals[i], i);
    const uint64_t count = data.count();
    write_bucket(point, "+Inf", count, totals.size());
    write_series("_sum", point, {});
    append_number(out_, static_cast<double>(data.sum) / metric_.info.per_unit);
    out_ += '\n';
    write_series("_count", point, {});
    append_number(out_, count);
    out_ += '\n';
  }

  void write_bucket(const MetricPoint& point, std::string_view bound, uint64_t count,
                    size_t bucket) {
    write_series("_bucket", point, bound);
    append_number(out_, count);
    if (open_metrics_ && examples_ && count > 0) write_exemplar(bucket);
    out_ += '\n';
  }

  void write_exemplar(size_t bucket) {
    for (const Exemplar& exemplar : examples_->exemplars) {
      if (Exemplars::bucket_of(exemplar.value_ns) != bucket) continue;
      out_ += " # {trace_id=\"";
      append_hex(out_, exemplar.trace.high);
      append_hex(out_, exemplar.trace.low);
      out_ += "\",span_id=\"";
      append_hex(out_, exemplar.span.value);
      out_ += "\"} ";
      append_number(out_, static_cast<double>(exemplar.value_ns) / 1e9);
      out_ += ' ';
      append_millis(out_, exemplar.time_ns + examples_->wall_offset_ns);
      return;
    }
  }

  // OpenMetrics wants le to look like a float: "1.0".
  std::string bound_text(double bound) const {
    std::string text;
    append_number(text, bound);
    if (open_metrics_ && text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }

  // Name, labels and the space before the value; `bound` is the value of le, if any.
  void write_series(std::string_view suffix, const MetricPoint& point, std::string_view bound) {
    out_.append(name_).append(suffix);
    separator_ = '{';
    for (size_t i = 0; i < point.values.size(); ++i)
      if (!point.values[i].empty()) write_label(labels_[i], point.values[i]);
    if (point.overflow) write_label("otel_metric_overflow", "true");
    if (!bound.empty()) write_label("le", bound);
    out_ += separator_ == '{' ? " " : "} ";
  }

  void write_label(std::string_view name, std::string_view value) {
    out_ += separator_;
    separator_ = ',';
    out_.append(name).append("=\"");
    append_escaped(out_, value, true);
    out_ += '"';
  }

  const Metric& metric_;
  const HistogramExamples* examples_;  // nullptr: none for this one
  std::string name_;
  bool open_metrics_;
  std::string& out_;
  std::vector<std::string> labels_;
  char separator_ = '{';
};

}  // namespace

ExpositionFormat exposition_format(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos
             ? ExpositionFormat::open_metrics
             : ExpositionFormat::text;
}

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string prometheus_name(const InstrumentInfo& info) {
  std::string name = legal_name(info.name);
  if (info.kind == InstrumentKind::counter && !name.ends_with(total_suffix)) name += total_suffix;
  return name;
}

void write_exposition(const Snapshot& snapshot, ExpositionFormat format, std::string& out,
                      const HistogramExamples& examples) {
  for (const Metric& metric : snapshot.metrics)
    MetricWriter(metric, format, out, examples).write();
  if (format == ExpositionFormat::open_metrics) out += "# EOF\n";
}

}  // namespace weir::telemetry

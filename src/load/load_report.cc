#include "load/load_report.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "base/units.h"
#include "wire/json_writer.h"

namespace weir::load {
namespace {

using telemetry::HistogramData;
using wire::JsonWriter;

constexpr double late_share_bad = 0.01;
// Our lag matters once it is this part of what we measured.
constexpr uint64_t lag_part_bad = 10;
constexpr double busy_share_bad = 0.9;

struct Quantile {
  std::string_view name;
  double share;
};
constexpr Quantile quantiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double rounded(double value, double step) {
  return std::round(value / step) * step;
}

// Tenths, of a number that is printed as it is.
double tenths(double value) {
  return std::round(value * 10) / 10;
}

double microseconds_of(uint64_t ns) {
  return tenths(static_cast<double>(ns) / 1000);
}

double mean_us(const HistogramData& data) {
  const uint64_t count = data.count();
  return count == 0 ? 0 : tenths(static_cast<double>(data.sum) / static_cast<double>(count) / 1000);
}

// The bucket's middle may lie above the greatest value that there was.
uint64_t quantile_ns(const HistogramData& data, double share) {
  return std::min(data.quantile(share), data.max);
}

[[gnu::format(printf, 2, 3)]] void append(std::string& text, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  text.append(line, std::clamp<size_t>(static_cast<size_t>(size), 0, sizeof line - 1));
}

std::string time_text(uint64_t ns) {
  std::string text;
  const auto value = static_cast<double>(ns);
  if (ns < 1'000'000)
    append(text, "%.0f us", value / 1e3);
  else if (ns < 1'000'000'000)
    append(text, "%.2f ms", value / 1e6);
  else
    append(text, "%.2f s", value / 1e9);
  return text;
}

void write_latency(JsonWriter& json, const HistogramData& data) {
  json.begin_object().member("mean", mean_us(data));
  for (const Quantile& each : quantiles)
    json.member(each.name, microseconds_of(quantile_ns(data, each.share)));
  json.member("max", microseconds_of(data.max)).end_object();
}

void write_load(JsonWriter& json, const LoadOptions& options) {
  json.member("mode", options.open_loop() ? "open_loop" : "closed_loop");
  if (options.open_loop()) {
    json.member("arrival", options.arrival == Arrival::poisson ? "poisson" : "uniform");
    json.key("rate").begin_object().member("from", options.rate->from);
    json.member("to", options.rate->to);
    json.member("ramp_s", in_seconds(options.rate->ramp_time)).end_object();
  }
  json.member("connections", options.connections);
  json.member("timeout_s", in_seconds(options.timeout));
  json.member("warmup_s", in_seconds(options.warmup));
}

void write_errors(JsonWriter& json, const LoadTotals& totals) {
  json.member("errors", totals.errors());
  json.key("errors_by_kind").begin_object();
  for (size_t i = 0; i < failure_kinds; ++i)
    json.member(to_string(static_cast<Failure>(i)), totals.failures[i]);
  json.member("missed", totals.missed);
  json.member("status_4xx", totals.by_class[4]).member("status_5xx", totals.by_class[5]);
  json.end_object();
}

void write_generator(JsonWriter& json, const LoadOptions& options, const LoadReport& report) {
  const Verdict verdict = verdict_on_generator(options, report);
  json.key("generator").begin_object();
  json.member("shards", options.cores.size()).member("reactor", report.reactor);
  json.member("cpu_cores", rounded(report.cpu_cores(), 1e-4));
  json.member("ceiling_per_s", std::round(report.ceiling_per_s(options.cores.size())));
  json.member("late", report.totals.late).member("late_share", rounded(report.late_share(), 1e-6));
  json.member("waited_for_connection", report.totals.waited);
  json.key("lag_us");
  write_latency(json, report.totals.lag);
  json.member("bottleneck", verdict.bottleneck).member("verdict", verdict.text).end_object();
}

void append_counts(std::string& text, const LoadOptions& options, const LoadReport& report) {
  const LoadTotals& totals = report.totals;
  append(text, "  requests    %llu due, %llu answered, %.1f/s answered\n",
         static_cast<unsigned long long>(totals.requests),
         static_cast<unsigned long long>(totals.answered()), report.requests_per_s());
  append(text, "  statuses   ");
  for (size_t i = 1; i < totals.by_class.size(); ++i)
    if (totals.by_class[i] > 0)
      append(text, " %zuxx %llu", i, static_cast<unsigned long long>(totals.by_class[i]));
  append(text, "\n  errors      %llu", static_cast<unsigned long long>(totals.errors()));
  for (size_t i = 0; i < failure_kinds; ++i)
    if (totals.failures[i] > 0)
      append(text, ", %.*s %llu", static_cast<int>(to_string(static_cast<Failure>(i)).size()),
             to_string(static_cast<Failure>(i)).data(),
             static_cast<unsigned long long>(totals.failures[i]));
  if (totals.missed > 0)
    append(text, ", missed %llu (the queue of %u was full)",
           static_cast<unsigned long long>(totals.missed), options.queue);
  append(text, "\n  bytes       %llu received, %llu sent, warm-up included\n",
         static_cast<unsigned long long>(totals.bytes_received),
         static_cast<unsigned long long>(totals.bytes_sent));
}

}  // namespace

double LoadReport::requests_per_s() const {
  const double time = in_seconds(measured);
  return time > 0 ? static_cast<double>(totals.answered_in_time) / time : 0;
}

double LoadReport::cpu_cores() const {
  const double time = in_seconds(measured);
  return time > 0 ? cpu_seconds / time : 0;
}

double LoadReport::ceiling_per_s(size_t shards) const {
  return cpu_seconds > 0 ? requests_per_s() / cpu_cores() * static_cast<double>(shards) : 0;
}

double LoadReport::late_share() const {
  return totals.requests == 0
             ? 0
             : static_cast<double>(totals.late) / static_cast<double>(totals.requests);
}

Verdict verdict_on_generator(const LoadOptions& options, const LoadReport& report) {
  const double busy = report.cpu_cores() / static_cast<double>(options.cores.size());
  const uint64_t lag = quantile_ns(report.totals.lag, 0.99);
  const bool lag_shows = lag * lag_part_bad > quantile_ns(report.totals.latency, 0.99);
  Verdict verdict;
  if (report.late_share() > late_share_bad && lag_shows) {
    append(verdict.text, "it looked at %.1f %% of the requests more than 1 ms after they were due",
           report.late_share() * 100);
  } else if (busy > busy_share_bad && (!options.open_loop() || report.totals.waited > 0)) {
    append(verdict.text, "its cores were %.0f %% busy", busy * 100);
  } else {
    append(verdict.text, "the generator kept up");
    return verdict;
  }
  verdict.bottleneck = true;
  verdict.text.insert(0, "the generator was a limit (");
  verdict.text += "): the latencies are not the server's alone; give it more or freer --cores";
  return verdict;
}

std::string json_report(const LoadOptions& options, const LoadReport& report) {
  const LoadTotals& totals = report.totals;
  const double time = in_seconds(report.measured);
  Buffer out;
  JsonWriter json(out);
  json.begin_object().member("url", options.url);
  write_load(json, options);
  json.member("duration_s", rounded(time, 1e-6)).member("ended_early", report.ended_early);
  json.member("requests", totals.requests).member("answered", totals.answered());
  json.member("answered_total", totals.answered_total);
  json.member("requests_per_s", tenths(report.requests_per_s()));
  json.member("offered_per_s",
              time > 0 ? tenths(static_cast<double>(totals.requests) / time) : 0.0);
  json.member("ok", totals.ok());
  json.key("status").begin_object();
  for (size_t i = 1; i < totals.by_class.size(); ++i)
    json.member(std::to_string(i) + "xx", totals.by_class[i]);
  json.end_object();
  write_errors(json, totals);
  json.member("bytes_received", totals.bytes_received).member("bytes_sent", totals.bytes_sent);
  json.member("connections_opened", totals.connections);
  json.key("latency_us");
  write_latency(json, totals.latency);
  json.member("client_cpu", rounded(report.cpu_cores(), 1e-4));
  write_generator(json, options, report);
  json.end_object();
  return std::string(out.view()) + "\n";
}

std::string text_report(const LoadOptions& options, const LoadReport& report) {
  const LoadTotals& totals = report.totals;
  std::string text = options.url + "\n";
  append(text, "  load        %s, %u connections, %.1f s%s\n",
         options.open_loop() ? "open loop" : "closed loop", options.connections,
         in_seconds(report.measured), report.ended_early ? " (ended early)" : "");
  append_counts(text, options, report);
  append(text, "  latency    %s\n",
         options.open_loop() ? " from when a request was due to its answer" : "");
  for (const Quantile& each : quantiles)
    append(text, "    %-8s  %s\n", std::string(each.name).c_str(),
           time_text(quantile_ns(totals.latency, each.share)).c_str());
  append(text, "    %-8s  %s\n", "max", time_text(totals.latency.max).c_str());
  append(text, "  generator   %.2f of %zu cores, at that cost a request its ceiling is %.0f/s",
         report.cpu_cores(), options.cores.size(), report.ceiling_per_s(options.cores.size()));
  if (options.open_loop())
    append(text, ", lag p99 %s, %llu late, %llu waited for a connection",
           time_text(quantile_ns(totals.lag, 0.99)).c_str(),
           static_cast<unsigned long long>(totals.late),
           static_cast<unsigned long long>(totals.waited));
  return text + "\n              " + verdict_on_generator(options, report).text + "\n";
}

std::string progress_line(const LoadTotals& before, const LoadTotals& now, Duration since_start) {
  HistogramData second = now.latency;
  second.subtract(before.latency);
  std::string line;
  append(line, "%5.0f s  %llu answered  p50 %s  p99 %s  errors %llu", in_seconds(since_start),
         static_cast<unsigned long long>(now.answered_total - before.answered_total),
         time_text(second.quantile(0.5)).c_str(), time_text(second.quantile(0.99)).c_str(),
         static_cast<unsigned long long>(now.errors()));
  return line;
}

}  // namespace weir::load

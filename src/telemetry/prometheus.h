#pragma once
// Writes a Snapshot for Prometheus: text exposition format 0.0.4, or OpenMetrics 1.0 when the
// scraper asks for it. Dots in names become underscores; a counter's samples end in _total;
// histograms have classic buckets, in the declared unit. Instruments without points are listed by
// their HELP and TYPE alone.

#include <string>
#include <string_view>

#include "telemetry/exemplar.h"
#include "telemetry/registry.h"

namespace weir::telemetry {

enum class ExpositionFormat : uint8_t { text, open_metrics };

// By the Accept header of a scrape; text when it names neither.
ExpositionFormat exposition_format(std::string_view accept);
std::string_view content_type(ExpositionFormat format);

// Examples for the buckets of one histogram of durations, at most one a bucket (OpenMetrics only).
struct HistogramExamples {
  std::string_view metric;
  std::vector<Exemplar> exemplars;
  int64_t wall_offset_ns = 0;
};

void write_exposition(const Snapshot& snapshot, ExpositionFormat format, std::string& out,
                      const HistogramExamples& examples = {});

// The name a metric has in Prometheus, with _total for a counter.
std::string prometheus_name(const InstrumentInfo& info);

}  // namespace weir::telemetry

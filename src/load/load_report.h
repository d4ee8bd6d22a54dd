#pragma once
// LoadReport: the outcome of a load, for people and for programs, and what it says of the generator
// itself: whether the figures are the server's or the generator's.

#include <string>

#include "load/load_counts.h"
#include "load/load_options.h"

namespace weir::load {

struct LoadReport {
  LoadTotals totals;
  Duration measured{};       // how long the measured part lasted
  double cpu_seconds = 0;    // of this process, in the measured part
  bool ended_early = false;  // by Ctrl-C
  std::string_view reactor = "";

  double requests_per_s() const;
  // In cores.
  double cpu_cores() const;
  // What this generator could do if all its cores were busy at the CPU that a request costs it now;
  // too low when the rate is, since a wake-up for one request costs as much as for ten. 0: unknown.
  double ceiling_per_s(size_t shards) const;
  double late_share() const;
};

// Whether the generator was the limit, and why.
struct Verdict {
  bool bottleneck = false;
  std::string text;
};
Verdict verdict_on_generator(const LoadOptions& options, const LoadReport& report);

// One JSON object and a newline. Latencies in microseconds.
std::string json_report(const LoadOptions& options, const LoadReport& report);
std::string text_report(const LoadOptions& options, const LoadReport& report);

// One line without its end: what the second between two readings brought.
std::string progress_line(const LoadTotals& before, const LoadTotals& now, Duration since_start);

}  // namespace weir::load

#pragma once
// Thresholds: which traces a rate keeps. Consistent probability sampling as OpenTelemetry specifies
// it: a trace has 56 random bits R (the low bits of its id, or drawn apart), a rate p is the
// threshold T = (1 - p) * 2^56, and the trace is kept when R >= T. Whoever samples the same trace
// at a higher rate keeps it too. A kept trace stands for 1 / p traces: its adjusted count. Pure.

#include <cstdint>

namespace weir::telemetry {

// Also the threshold that nothing passes.
inline constexpr uint64_t randomness_end = uint64_t{1} << 56;

// The threshold of a rate between 0 (never, 2^56) and 1 (always, 0). Rounded to four hexadecimal
// digits behind the leading f's, so that the th value that travels in tracestate is exact.
uint64_t threshold_of(double rate);

// The share of traces that pass; 0 from randomness_end on.
constexpr double probability_of(uint64_t threshold) {
  return threshold < randomness_end ? static_cast<double>(randomness_end - threshold) * 0x1p-56 : 0;
}
// How many traces a kept one stands for; 0 where that is not known.
constexpr double adjusted_count(uint64_t threshold) {
  return threshold < randomness_end ? 1 / probability_of(threshold) : 0;
}

// The threshold that `share` of what passes `threshold` passes; never below it.
uint64_t raised(uint64_t threshold, double share);

}  // namespace weir::telemetry

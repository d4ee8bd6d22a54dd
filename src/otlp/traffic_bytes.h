#pragma once
// What of telemetry leaves a node for some edge traffic: bytes with a span and its records for each
// request, and bytes with durations aggregated by path, both as OTLP requests, both with gzip. For
// the benchmark and for the test that holds it to its promise.

#include <cstddef>
#include <cstdint>

namespace weir::otlp {

struct TrafficBytes {
  uint64_t spans = 0;    // a span with seven attributes for each request
  uint64_t records = 0;  // and a data point of its duration
  uint64_t by_path = 0;  // the distribution and three quantiles for each path
};

// `requests` of one interval over `paths` paths, of which the n-th is asked for in proportion to
// 1/n; durations like those of a cache with some misses. Takes a second for 100,000 requests.
TrafficBytes traffic_bytes(uint64_t requests, uint32_t paths, uint64_t seed);

}  // namespace weir::otlp

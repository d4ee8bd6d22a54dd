#pragma once
// LoadCounts: what one shard of a load has seen, written by that shard only and read by the thread
// that reports, at any time. Each number is exact; two of them may be read one request apart.
//
// Requests are "measured" when they were due behind the warm-up; the warm-up's are only in
// `requests_total`.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "telemetry/histogram.h"

namespace weir::load {

// How a request ended without an answer.
enum class Failure : uint8_t {
  connect,     // no connection could be made for it
  timed_out,   // not answered in time, whether it was sent or still waited for a connection
  reset,       // the connection was broken
  closed,      // the connection ended before the answer did
  malformed,   // what came was not HTTP/1.1
  unfinished,  // still under way when the run was ended
  other,
};
inline constexpr size_t failure_kinds = 7;
std::string_view to_string(Failure failure);

// A number with one writer.
class Count {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct LoadCounts {
  Count requests_total;           // that were due, warm-up included
  Count answered_total;           // warm-up included
  Count requests;                 // that were due and are measured
  std::array<Count, 6> by_class;  // answers by the status's first digit
  std::array<Count, failure_kinds> failures;
  Count missed;            // the queue was full when they were due
  Count waited;            // all connections were busy when they were due
  Count late;              // we were late: see lag
  Count answered_in_time;  // answered inside the measured time
  Count bytes_received;    // of answers
  Count bytes_sent;
  Count connections;  // opened

  telemetry::CellArena arena;
  telemetry::HistogramCell latency{arena};  // ns from due to answered, of answered requests
  telemetry::HistogramCell lag{arena};      // ns from due to when we looked: the generator's fault
};

// The same as values, of one shard or of all.
struct LoadTotals {
  uint64_t requests_total = 0, answered_total = 0, requests = 0, missed = 0, waited = 0, late = 0;
  uint64_t answered_in_time = 0, bytes_received = 0, bytes_sent = 0, connections = 0;
  std::array<uint64_t, 6> by_class{};
  std::array<uint64_t, failure_kinds> failures{};
  telemetry::HistogramData latency;
  telemetry::HistogramData lag;

  void add(const LoadCounts& counts);
  uint64_t answered() const;  // of the measured ones
  uint64_t ok() const { return by_class[2] + by_class[3]; }
  uint64_t failed() const;
  // Whatever was not a good answer.
  uint64_t errors() const { return answered() - ok() + failed() + missed; }
};

}  // namespace weir::load

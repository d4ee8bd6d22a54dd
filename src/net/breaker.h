#pragma once
// Breaker: leaves an origin alone that fails (a circuit breaker). One for an origin and process,
// shared by all shards through relaxed atomics: a few counts may be lost at the edge of a window,
// which moves no decision by more than a few requests.
//
//   closed --- failures in a row, or their share of a window ---> open
//   open   --- open_time has passed --------------------------->  half open: one probe at a time
//   half open --- `probes` successes in a row ---> closed; a failure ---> open again
//
// Pure: time comes in as an argument. Every admission but `refused` is answered by exactly one
// finish().

#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "net/origin_settings.h"

namespace weir::net {

enum class BreakerState : uint8_t { closed, half_open, open };
enum class Admission : uint8_t { refused, normal, probe };
// What came of an admission: `unknown` counts neither way (the client left before the answer).
enum class OriginOutcome : uint8_t { unknown, success, failure };

class Breaker {
 public:
  explicit Breaker(const BreakerSettings& settings) : settings_(settings) {}

  Admission admit(MonoTime now);
  void finish(Admission admission, OriginOutcome outcome, MonoTime now);
  BreakerState state(MonoTime now) const;
  // For choosing among origins: whether admit() would refuse, and whether it would take a probe.
  bool refuses(MonoTime now) const;
  bool wants_probe(MonoTime now) const {
    return state(now) == BreakerState::half_open && !probing_.load(std::memory_order_relaxed);
  }
  // How often it has opened.
  uint64_t openings() const { return openings_.load(std::memory_order_relaxed); }

 private:
  // A window's requests in the upper half, its failures in the lower.
  static constexpr uint64_t one_request = uint64_t{1} << 32;

  uint64_t count(bool failed, MonoTime now);
  bool too_many(uint64_t counts) const;
  void finish_probe(OriginOutcome outcome, MonoTime now);
  void open(MonoTime now);
  void close();

  static constexpr int64_t closed_mark = -1;

  const BreakerSettings settings_;
  alignas(64) std::atomic<int64_t> open_until_{closed_mark};  // of the monotonic clock
  std::atomic<bool> probing_{false};
  std::atomic<uint32_t> probe_successes_{0};
  std::atomic<uint64_t> openings_{0};
  alignas(64) std::atomic<uint32_t> failures_in_row_{0};
  std::atomic<int64_t> window_{0};
  std::atomic<uint64_t> counts_{0};
};

}  // namespace weir::net

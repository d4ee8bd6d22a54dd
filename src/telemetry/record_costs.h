#pragma once
// What a record costs: nanoseconds of CPU an operation, on one thread and on two at once, each with
// a shard of its own; the median of seven runs. Times are taken ahead, as from an event loop, and
// the clock's own cost stands beside. Takes some ten seconds; for `weir bench telemetry`.

#include <string_view>

namespace weir::telemetry {

struct RecordCost {
  std::string_view operation;
  double one_thread_ns = 0;
  double two_threads_ns = 0;  // a thread
  double goal_ns = 0;         // 0: none; of one thread
};

// Calls report(cost, context) for each operation as soon as it is known.
void measure_record_costs(void (*report)(const RecordCost&, void*), void* context);

}  // namespace weir::telemetry

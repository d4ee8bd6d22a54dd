#pragma once
// What a record costs: nanoseconds of CPU an operation, on one thread and on two at once, each with
// a shard of its own; the median of seven runs. Times are taken ahead, as from an event loop, and
// the clock's own cost stands beside. Takes some ten seconds; for `weir bench telemetry`.

#include <cstdint>
#include <string_view>

namespace weir::telemetry {

struct RecordCost {
  std::string_view operation;
  double one_thread_ns = 0;
  double two_threads_ns = 0;  // a thread
  double goal_ns = 0;         // 0: none; of one thread
  uint64_t measured = 0;      // operations, over all runs and threads
};

// Calls report(cost, context) for each operation as soon as it is known.
void measure_record_costs(void (*report)(const RecordCost&, void*), void* context);

// Does one of these operations `count` times, on this thread, and measures nothing: for whoever
// counts instructions. A multiple of 1000. False: there is no such operation.
bool do_record_operation(std::string_view operation, uint64_t count);

}  // namespace weir::telemetry

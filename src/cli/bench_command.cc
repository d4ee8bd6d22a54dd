#include "cli/bench_command.h"

#include <cstdio>

#include "cli/terminal.h"
#include "telemetry/record_costs.h"

namespace weir::cli {
namespace {

void say_cost(const telemetry::RecordCost& cost, void*) {
  char goal[16] = "";
  if (cost.goal_ns > 0) std::snprintf(goal, sizeof goal, "%8.0f", cost.goal_ns);
  char line[128];
  const int size = std::snprintf(line, sizeof line, "%-46.*s %10.1f %12.1f%s\n",
                                 static_cast<int>(cost.operation.size()), cost.operation.data(),
                                 cost.one_thread_ns, cost.two_threads_ns, goal);
  say({line, std::min(sizeof line - 1, static_cast<size_t>(size))});
}

}  // namespace

int run_bench(const settings::Arguments& arguments, const ProgramImage&) {
  if (arguments.arguments[0] != "telemetry") {
    complain("bench: there is no \"" + arguments.arguments[0] + "\"; try weir bench telemetry");
    return exit_misused;
  }
  say("ns of CPU per operation                          1 thread    2 threads    goal\n");
  telemetry::measure_record_costs(say_cost, nullptr);
  return exit_well;
}

}  // namespace weir::cli

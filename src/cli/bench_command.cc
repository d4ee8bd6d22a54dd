#include "cli/bench_command.h"

#include <cstdio>

#include "cli/terminal.h"
#include "otlp/traffic_bytes.h"
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

void say_bytes() {
  say("bytes a minute over 1,000 paths, gzip   span+record each      by path     saved\n");
  for (const uint64_t requests : {1u, 10u, 100u, 1'000u, 10'000u, 100'000u, 600'000u}) {
    const otlp::TrafficBytes bytes = otlp::traffic_bytes(requests, 1000, 1);
    const auto each = static_cast<double>(bytes.spans + bytes.records);
    char line[128];
    const int size = std::snprintf(line, sizeof line, "%8llu requests %36.0f %12.0f %8.1f%%\n",
                                   static_cast<unsigned long long>(requests), each,
                                   static_cast<double>(bytes.by_path),
                                   100 - 100 * static_cast<double>(bytes.by_path) / each);
    say({line, std::min(sizeof line - 1, static_cast<size_t>(size))});
  }
}

}  // namespace

int run_bench(const settings::Arguments& arguments, const ProgramImage&) {
  if (arguments.arguments[0] == "telemetry_bytes") {
    say_bytes();
    return exit_well;
  }
  if (arguments.arguments[0] != "telemetry") {
    complain("bench: there is no \"" + arguments.arguments[0] +
             "\"; try weir bench telemetry, or telemetry_bytes");
    return exit_misused;
  }
  say("ns of CPU per operation                          1 thread    2 threads    goal\n");
  telemetry::measure_record_costs(say_cost, nullptr);
  return exit_well;
}

}  // namespace weir::cli

#pragma once
// ProcessMetrics: what the kernel says about this process, under the names that every Prometheus
// client library uses. Read at collection from /proc/self.

#include <vector>

#include "telemetry/registry.h"

namespace weir::telemetry {

inline constexpr CounterDecl process_cpu_seconds{
    .name = "process_cpu_seconds_total",
    .unit = "s",
    .help = "User and system CPU time spent, in seconds; its rate is the number of cores in use."};
inline constexpr GaugeDecl process_resident_bytes{
    .name = "process_resident_memory_bytes",
    .unit = "By",
    .help = "Resident memory; near the container's limit the process is about to be killed."};
inline constexpr GaugeDecl process_open_fds{
    .name = "process_open_fds",
    .unit = "1",
    .help = "Open file descriptors; at process_max_fds no connection can be accepted."};
inline constexpr GaugeDecl process_max_fds{
    .name = "process_max_fds", .unit = "1", .help = "Most file descriptors that may be open."};
inline constexpr GaugeDecl process_start_seconds{
    .name = "process_start_time_seconds",
    .unit = "s",
    .help = "When the process started, in seconds since 1970; a change is a restart."};

struct ProcessUsage {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double start_seconds = 0;  // since 1970; 0 when it cannot be told
};
ProcessUsage read_process_usage();
double count_open_fds();

// Observes all of the above for as long as it lives.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Registry& registry);

 private:
  std::vector<Observation> observations_;
};

}  // namespace weir::telemetry

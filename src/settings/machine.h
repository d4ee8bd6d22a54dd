#pragma once
// Machine: how many cores and how much memory this process may use: the smaller of what the machine
// has and what affinity and control groups (v1 and v2) allow. Read once at start. Reads files only;
// pins nothing.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::settings {

struct Machine {
  std::vector<unsigned> cores;                 // that affinity allows, ascending; never empty
  std::optional<double> cpu_quota;             // in cores: 1.5 of them; none: unlimited
  uint64_t memory_bytes = 0;                   // the machine's; 0: unknown
  std::optional<uint64_t> memory_limit_bytes;  // of the control group, when below the machine's
};

// What a process is to use of a machine.
struct Plan {
  unsigned shards = 1;
  std::vector<unsigned> cores;  // to pin one shard to each; empty: the scheduler places them
  uint64_t memory_bytes = 0;    // the whole process; 0: unknown
};

// Reads below `root` ("/" outside tests): proc/self/cgroup, sys/fs/cgroup, proc/meminfo. A limit of
// any group between our own and the top counts. What is missing or strange is taken as no limit.
Machine read_machine(const std::string& root, std::vector<unsigned> affinity);

// The cores that this thread may run on (sched_getaffinity).
std::vector<unsigned> read_affinity();

// Shards: one for each core in `cores` (a list such as "0-3,6"), which are then pinned; or, when it
// is empty, one for each core that affinity and quota allow (a part of a core counts as one),
// pinned only when no quota is below affinity. The error names a core that does not exist or may
// not be used.
std::expected<Plan, std::string> plan(const Machine& machine, std::string_view cores);

// "0-3,6" -> 0, 1, 2, 3, 6. Ascending, each once; at most cores_max, each below it.
inline constexpr unsigned cores_max = 1024;
std::expected<std::vector<unsigned>, std::string> parse_cores(std::string_view text);

}  // namespace weir::settings

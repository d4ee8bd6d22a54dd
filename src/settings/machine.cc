#include "settings/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <set>
#include <sstream>

#include "base/assert.h"
#include "base/units.h"
#include "settings/field_info.h"

namespace weir::settings {
namespace {

// The first 64 KiB of a file; empty when it cannot be read.
std::string read_small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(64 * KiB, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

template <class T>
void lower(std::optional<T>& limit, T value) {
  if (!limit || value < *limit) limit = value;
}

// A control group and all above it, from `mount` on: "<mount>/a/b", "<mount>/a", "<mount>".
std::vector<std::string> folders_of(const std::string& mount, std::string_view group) {
  std::vector<std::string> folders;
  // A group outside our namespace shows as "/.."; only the mount itself can be read then.
  if (group.find("..") != group.npos) group = "";
  while (group.ends_with('/'))
    group.remove_suffix(1);
  while (!group.empty()) {
    folders.push_back(mount + std::string(group));
    group = group.substr(0, group.rfind('/') == group.npos ? 0 : group.rfind('/'));
  }
  folders.push_back(mount);
  return folders;
}

// cpu.max: "max 100000" or "150000 100000" (cgroup v2, Documentation/admin-guide/cgroup-v2).
void read_quota_v2(const std::string& folder, Machine& machine) {
  const auto words = words_of(read_small_file(folder + "/cpu.max"));
  if (words.size() != 2) return;
  const auto quota = parse_u64(words[0]), period = parse_u64(words[1]);
  if (!quota || !period || *quota == 0 || *period == 0) return;
  lower(machine.cpu_quota, static_cast<double>(*quota) / static_cast<double>(*period));
}

// One number in a file; "max", "-1" and nothing are no number.
std::optional<uint64_t> read_number(const std::string& path) {
  const auto words = words_of(read_small_file(path));
  if (words.size() != 1) return std::nullopt;
  const auto number = parse_u64(words[0]);
  return number ? std::optional(*number) : std::nullopt;
}

void read_quota_v1(const std::string& folder, Machine& machine) {
  const auto quota = read_number(folder + "/cpu.cfs_quota_us");
  const auto period = read_number(folder + "/cpu.cfs_period_us");
  if (!quota || !period || *quota == 0 || *period == 0) return;
  lower(machine.cpu_quota, static_cast<double>(*quota) / static_cast<double>(*period));
}

void read_memory(const std::string& path, Machine& machine) {
  if (const auto bytes = read_number(path); bytes && *bytes > 0)
    lower(machine.memory_limit_bytes, *bytes);
}

// A line of proc/self/cgroup: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1).
struct Membership {
  std::string_view controllers;
  std::string_view path;
};

std::optional<Membership> parse_membership(std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
  if (second == line.npos) return std::nullopt;
  return Membership{line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

bool names(std::string_view controllers, std::string_view wanted) {
  for (size_t at = 0; at <= controllers.size();) {
    const size_t comma = std::min(controllers.find(',', at), controllers.size());
    if (controllers.substr(at, comma - at) == wanted) return true;
    at = comma + 1;
  }
  return false;
}

void read_membership(const std::string& mounts, const Membership& group, Machine& machine) {
  if (group.controllers.empty()) {
    // Beside v1 controllers, v2 is mounted one level deeper.
    for (const std::string& mount : {mounts, mounts + "/unified"})
      for (const std::string& folder : folders_of(mount, group.path)) {
        read_quota_v2(folder, machine);
        read_memory(folder + "/memory.max", machine);
      }
    return;
  }
  const std::string mount = mounts + "/" + std::string(group.controllers);
  const bool cpu = names(group.controllers, "cpu"), memory = names(group.controllers, "memory");
  for (const std::string& folder : folders_of(mount, group.path)) {
    if (cpu) read_quota_v1(folder, machine);
    if (memory) read_memory(folder + "/memory.limit_in_bytes", machine);
  }
  // Where cpu is mounted under its own name although it shares a hierarchy.
  if (cpu && group.controllers != "cpu")
    for (const std::string& folder : folders_of(mounts + "/cpu", group.path))
      read_quota_v1(folder, machine);
}

uint64_t read_machine_memory(const std::string& root) {
  const auto words = words_of(read_small_file(root + "/proc/meminfo"));
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "MemTotal:") return parse_u64(words[i + 1]).value_or(0) * KiB;
  return 0;
}

// "3" or "0-3".
std::expected<std::pair<unsigned, unsigned>, std::string> parse_core_range(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = parse_u64(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_u64(text.substr(dash + 1));
  if (!first || !last)
    return std::unexpected(quoted(text) + " is not a core or a range of cores; write 0-3,6");
  if (*last < *first) return std::unexpected(quoted(text) + " runs backwards");
  if (*last >= cores_max)
    return std::unexpected(quoted(text) + ": cores are below " + std::to_string(cores_max));
  return std::pair(static_cast<unsigned>(*first), static_cast<unsigned>(*last));
}

std::string list_cores(const std::vector<unsigned>& cores) {
  std::string text;
  for (size_t i = 0, end; i < cores.size(); i = end) {
    for (end = i + 1; end < cores.size() && cores[end] == cores[end - 1] + 1;)
      ++end;
    text += (text.empty() ? "" : ",") + std::to_string(cores[i]);
    if (end > i + 1) text += "-" + std::to_string(cores[end - 1]);
  }
  return text;
}

}  // namespace

Machine read_machine(const std::string& root, std::vector<unsigned> affinity) {
  WEIR_ASSERT(!affinity.empty());
  Machine machine;
  machine.cores = std::move(affinity);
  machine.memory_bytes = read_machine_memory(root);
  std::istringstream lines(read_small_file(root + "/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);)
    if (const auto group = parse_membership(line))
      read_membership(root + "/sys/fs/cgroup", *group, machine);
  // v1 writes "no limit" as a number near 2^63.
  if (machine.memory_limit_bytes && machine.memory_bytes &&
      *machine.memory_limit_bytes >= machine.memory_bytes)
    machine.memory_limit_bytes.reset();
  return machine;
}

std::vector<unsigned> read_affinity() {
  std::vector<unsigned> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (unsigned core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.push_back(core);
  if (cores.empty()) cores.push_back(0);
  return cores;
}

std::expected<std::vector<unsigned>, std::string> parse_cores(std::string_view text) {
  std::set<unsigned> cores;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const auto range = parse_core_range(text.substr(at, comma - at));
    if (!range) return std::unexpected(range.error());
    for (unsigned core = range->first; core <= range->second; ++core)
      cores.insert(core);
    at = comma + 1;
  }
  return std::vector<unsigned>(cores.begin(), cores.end());
}

std::expected<Plan, std::string> plan(const Machine& machine, std::string_view cores) {
  Plan made;
  made.memory_bytes = machine.memory_limit_bytes.value_or(machine.memory_bytes);
  if (cores.empty()) {
    const double allowed = static_cast<double>(machine.cores.size());
    const double quota = std::ceil(machine.cpu_quota.value_or(allowed));
    made.shards = static_cast<unsigned>(std::clamp(quota, 1.0, allowed));
    if (made.shards == machine.cores.size() && machine.cpu_quota.value_or(allowed) >= allowed)
      made.cores = machine.cores;
    return made;
  }
  auto parsed = parse_cores(cores);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  for (const unsigned core : *parsed)
    if (!std::ranges::binary_search(machine.cores, core))
      return std::unexpected("core " + std::to_string(core) + " may not be used; allowed are " +
                             list_cores(machine.cores));
  made.shards = static_cast<unsigned>(parsed->size());
  made.cores = std::move(*parsed);
  return made;
}

}  // namespace weir::settings

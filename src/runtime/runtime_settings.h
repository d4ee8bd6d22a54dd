#pragma once
// RuntimeSettings: how a process uses its machine, and how long it takes to stop. The table with
// prose and bounds is in runtime_settings.cc; plan_threads() turns the settings and what the
// machine allows into the shards to start.

#include <expected>
#include <optional>
#include <string>

#include "runtime/socket.h"
#include "runtime/threads.h"
#include "settings/field.h"
#include "settings/machine.h"

namespace weir::runtime {

// What answers of origins, and uploads, are received into.
struct BulkSettings {
  std::optional<uint32_t> buffers;  // a shard; none: by the memory
  uint32_t buffer_bytes = 0;
};

struct RuntimeSettings {
  ReactorKind reactor = ReactorKind::automatic;
  std::string cores;               // "0-3,6"; empty: all that may be used
  std::optional<uint32_t> shards;  // none: one a core
  bool pin = false;
  std::optional<uint32_t> recv_buffers;  // a shard; none: by the memory
  uint32_t recv_buffer_bytes = 0;
  BulkSettings bulk;
  uint64_t stream_bytes = 0;
  std::optional<uint64_t> received_bytes_max;  // of the process; none: by the memory
  uint32_t relays = 0;                         // of a shard, under way
  std::string loopback_congestion_control;     // empty: the system's
  uint32_t file_operations = 0;                // of a shard, under way
  uint32_t file_threads = 0;                   // of the process
  std::optional<uint64_t> memory_bytes;        // of the process; none: what the machine allows
  Duration drain_timeout{};
  Duration close_timeout{};
  Duration restart_timeout{};
  std::string data;  // directory; empty: none
};

const settings::Group<RuntimeSettings>& runtime_settings();

struct ThreadPlan {
  ThreadOptions threads;
  uint64_t memory_bytes = 0;  // what the process may use; 0: unknown
};

// The error says which setting to change. `may_use`: whether this process may choose a congestion
// control.
std::expected<ThreadPlan, std::string> plan_threads(
    const RuntimeSettings& settings, const settings::Machine& machine,
    bool (*may_use)(const std::string&) = has_congestion_control);

std::string_view to_string(ReactorKind kind);

}  // namespace weir::runtime

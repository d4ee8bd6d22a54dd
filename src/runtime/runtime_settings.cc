#include "runtime/runtime_settings.h"

#include <algorithm>

#include "base/units.h"

namespace weir::runtime {
namespace {

// Receive buffers take at most this share of the memory, within these bounds a shard.
constexpr uint64_t recv_memory_share = 16;
constexpr uint64_t recv_buffers_least = 64, recv_buffers_most = 512;
constexpr uint64_t bulk_memory_share = 64;
constexpr uint64_t received_memory_share = 8, received_bytes_unknown = 256 * MiB;
// 4 MiB at most, so that what was just received is still in the processor's cache when it is sent.
constexpr uint64_t bulk_buffers_least = 8, bulk_buffers_most = 32;

constexpr const char* usual_on_loopback = "reno";

bool is_core_list(std::string_view text) {
  return text.empty() || settings::parse_cores(text).has_value();
}

// As many entries as shards: the cores in turn, so that more shards than cores share them.
std::vector<int> place_shards(size_t shards, const std::vector<unsigned>& cores) {
  std::vector<int> placed;
  for (size_t i = 0; i < shards; ++i)
    placed.push_back(cores.empty() ? 0 : static_cast<int>(cores[i % cores.size()]));
  return placed;
}

// What is set, or as many of `bytes` as fit into a shard's part of the share.
uint32_t count_buffers(std::optional<uint32_t> set, uint64_t share_bytes, uint64_t bytes,
                       uint64_t least, uint64_t most) {
  if (set) return *set;
  const uint64_t fit = share_bytes == 0 ? most : share_bytes / bytes;
  return static_cast<uint32_t>(std::clamp(fit, least, most));
}

const settings::Group<BulkSettings>& bulk_settings() {
  using S = BulkSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "Receive buffers for answers of origins, and for other streams while much comes; together "
      "they should fit into the cache.",
      {field(&S::buffers, "buffers", settings::automatic,
             "How many a shard has; raise it when runtime_recv_buffers_exhausted_total grows under "
             "large answers. Automatic takes 32, or what fits into a 64th of the memory.")
           .between(4, 32768),
       field(&S::buffer_bytes, "buffer_bytes", 128 * KiB,
             "Size of each; an answer that fits into one is passed on in one piece.")
           .in_bytes()
           .between(2 * KiB, 1 * MiB)}};
  return group;
}

// A system may keep even the default from its processes; that is no reason not to run.
std::expected<std::string, std::string> on_loopback_of(const std::string& wanted,
                                                       bool (*may_use)(const std::string&)) {
  if (wanted.empty() || may_use(wanted)) return wanted;
  if (wanted == usual_on_loopback) return "";
  return std::unexpected("runtime.loopback_congestion_control: this process may not use " + wanted +
                         "; /proc/sys/net/ipv4/tcp_allowed_congestion_control lists what it may");
}

}  // namespace

std::expected<ThreadPlan, std::string> plan_threads(const RuntimeSettings& settings,
                                                    const settings::Machine& machine,
                                                    bool (*may_use)(const std::string&)) {
  const auto plan = settings::plan(machine, settings.cores);
  if (!plan) return std::unexpected("runtime.cores: " + plan.error() + " (--cores)");
  auto on_loopback = on_loopback_of(settings.loopback_congestion_control, may_use);
  if (!on_loopback) return std::unexpected(on_loopback.error());
  ThreadPlan made;
  const size_t shards = settings.shards.value_or(plan->shards);
  made.memory_bytes = settings.memory_bytes.value_or(plan->memory_bytes);
  made.threads.cores = place_shards(shards, plan->cores);
  // Two shards that are pinned to one core would only hinder each other.
  made.threads.pin = settings.pin && !plan->cores.empty() && shards <= plan->cores.size();
  const uint64_t memory = made.memory_bytes / shards;
  const uint64_t received =
      made.memory_bytes == 0 ? received_bytes_unknown : made.memory_bytes / received_memory_share;
  made.threads.reactor = {.kind = settings.reactor,
                          .recv_buffers = count_buffers(
                              settings.recv_buffers, memory / recv_memory_share,
                              settings.recv_buffer_bytes, recv_buffers_least, recv_buffers_most),
                          .recv_buffer_bytes = settings.recv_buffer_bytes,
                          .bulk_buffers = count_buffers(
                              settings.bulk.buffers, memory / bulk_memory_share,
                              settings.bulk.buffer_bytes, bulk_buffers_least, bulk_buffers_most),
                          .bulk_buffer_bytes = settings.bulk.buffer_bytes,
                          .stream_bytes = settings.stream_bytes,
                          .received_bytes = settings.received_bytes_max.value_or(received) / shards,
                          .relays = settings.relays,
                          .loopback_congestion_control = *std::move(on_loopback),
                          .file_operations_max = settings.file_operations};
  made.threads.file_threads = settings.file_threads;
  return made;
}

std::string_view to_string(ReactorKind kind) {
  switch (kind) {
    case ReactorKind::io_uring:
      return "io_uring";
    case ReactorKind::epoll:
      return "epoll";
    default:
      return kind == ReactorKind::automatic ? "automatic" : "simulated";
  }
}

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const settings::Group<RuntimeSettings>& runtime_settings() {
  using S = RuntimeSettings;
  using settings::field;
  static const settings::Group<S> group{
      "runtime",
      "How the process uses its machine, and how it stops.",
      {field(&S::reactor, "reactor", ReactorKind::automatic,
             {{"automatic", ReactorKind::automatic},
              {"io_uring", ReactorKind::io_uring},
              {"epoll", ReactorKind::epoll}},
             "What shards wait on; automatic takes io_uring where the kernel allows it."),
       field(&S::cores, "cores", "",
             "Cores to run one shard each on, such as 0-3,6; empty takes all that affinity and the "
             "control group allow.")
           .like(is_core_list, "a list of cores such as 0-3,6"),
       field(&S::shards, "shards", settings::automatic,
             "How many shards to run; leave it to one a core unless you are testing.")
           .between(1, settings::cores_max),
       field(&S::pin, "pin", true,
             "Keeps each shard on its core, but under a CPU quota; turn it off on shared cores."),
       field(&S::recv_buffers, "recv_buffers", settings::automatic,
             "Receive buffers of a shard; raise it when runtime_recv_buffers_exhausted_total "
             "grows. Automatic takes 512, or what fits into a sixteenth of the memory.")
           .between(16, 32768),
       field(&S::recv_buffer_bytes, "recv_buffer_bytes", 16 * KiB,
             "Size of a receive buffer; lower it for many slow connections in little memory.")
           .in_bytes()
           .between(2 * KiB, 256 * KiB),
       field(&S::bulk, "bulk", bulk_settings(), "Buffers for where much comes."),
       field(
           &S::stream_bytes, "stream_bytes", 256 * KiB,
           "Received bytes that one connection may hold before its sender has to wait for whoever "
           "they go to; with io_uring up to 32 receive buffers more may be under way. Lower it "
           "for many slow readers in little memory.")
           .in_bytes()
           .between(16 * KiB, 64 * MiB),
       field(
           &S::received_bytes_max, "received_bytes_max", settings::automatic,
           "Received bytes that all connections together may hold. From half of it on nobody "
           "reads ahead; what comes beyond three quarters cuts off whoever holds some already, and "
           "beyond the whole anybody, counted in runtime_streams_cut_off_total: then raise it, or "
           "lower stream_bytes. Automatic takes an eighth of the memory.")
           .in_bytes()
           .between(1 * MiB, 1024 * 1024 * GiB),
       field(&S::relays, "relays", 256,
             "Bodies that a shard may move from origin to client inside the kernel at a time, each "
             "with a pipe of two descriptors; others are copied, as all are at 0.")
           .between(0, 65536),
       field(&S::loopback_congestion_control, "loopback_congestion_control", usual_on_loopback,
             "TCP's congestion control for connections over loopback, to origins there and to "
             "listeners on 127.0.0.1 or ::1. Not the system's, as BBR paces even there, at a cost "
             "in CPU and latency; empty takes the system's, as does the default where this process "
             "may not use it."),
       field(&S::file_operations, "file_operations", 1024,
             "File operations that a shard may have under way; raise it when "
             "runtime_file_operations_refused_total grows and the disk could do more.")
           .between(16, 65536),
       field(&S::file_threads, "file_threads", 4,
             "Threads for file calls that would block a shard: all of them with epoll, only "
             "listing and resizing with io_uring. Raise it for fast disks under epoll.")
           .between(1, 64),
       field(&S::memory_bytes, "memory_bytes", settings::automatic,
             "Memory that the process plans with; automatic takes what the machine and the "
             "control group allow.")
           .in_bytes()
           .between(64 * MiB, 1024 * 1024 * GiB),
       field(&S::drain_timeout, "drain_timeout", seconds(30),
             "How long a stop waits for requests that are under way; then they are cut off.")
           .between(Duration(0), hours(24))
           .live(),
       field(&S::close_timeout, "close_timeout", seconds(5),
             "How long cut-off connections may take to end before the process exits regardless.")
           .between(milliseconds(10), minutes(10))
           .live(),
       field(&S::restart_timeout, "restart_timeout", seconds(60),
             "How long the new program may take to become ready after SIGUSR2; then it is killed "
             "and the old one goes on.")
           .between(milliseconds(100), minutes(10))
           .live(),
       field(&S::data, "data", "",
             "Directory for what the process keeps on disk, crash reports among it; made when "
             "missing, and empty keeps nothing.")}};
  return group;
}

}  // namespace weir::runtime

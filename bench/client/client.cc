// The light closed-loop client: cheaper a request than wrk, so that the server is what saturates.
// Checks every answer's status and length; prints one JSON object; ends by itself when its time is
// over, or with `--requests` before. With `--numbers` it asks for so many different paths.
//   bench_client --target 127.0.0.1:PORT [--path P] [--host H] [--connections N] [--pipeline N]
//                [--seconds S] [--warmup S] [--status N] [--body-bytes N] [--core N]
//                [--numbers N] [--requests N]

#include <cstdio>
#include <memory>
#include <unistd.h>

#include "client/closed_loop.h"
#include "ring/program.h"
#include "ring/ring.h"

namespace weir::bench {
namespace {

Duration from_seconds(double seconds) {
  return Duration(static_cast<int64_t>(seconds * 1e9));
}

Workload workload_of(const Flags& flags) {
  return {.target = flags.loopback("--target"),
          .path = flags.text("--path", "/"),
          .host = flags.text("--host", "localhost"),
          .connections = static_cast<uint32_t>(flags.number("--connections", 64, 18'000)),
          .pipeline = static_cast<uint32_t>(flags.number("--pipeline", 1, 256)),
          .status = static_cast<unsigned>(flags.number("--status", 200, 599)),
          .body_bytes = flags.number("--body-bytes", 1024, 1 << 30),
          .warmup = from_seconds(flags.seconds("--warmup", 0.5, 60)),
          .measured = from_seconds(flags.seconds("--seconds", 2, 600)),
          .numbers = flags.number("--numbers", 0, 10'000'000'000),
          .requests_max = flags.number("--requests", UINT64_MAX, UINT64_MAX)};
}

// Small answers: many small buffers, which stay in the cache. Large ones: fewer completions.
RingSize ring_size(const Workload& workload) {
  if (uint64_t{workload.pipeline} * workload.body_bytes <= 8192)
    return {.entries = 4096, .buffers = 2048, .buffer_bytes = 4096};
  return {.entries = 4096, .buffers = 512, .buffer_bytes = 32768};
}

void print(const Outcome& outcome) {
  const auto us = [&](double share) {
    return static_cast<double>(outcome.latency.quantile(share)) / 1000;
  };
  std::printf(
      "{\"requests\": %lu, \"requests_total\": %lu, \"requests_per_s\": %.1f, \"errors\": %lu, "
      "\"wrong\": %lu, \"closed\": %lu, \"refused\": %lu, \"stalled\": %lu, "
      "\"began_s\": %.6f, \"elapsed_s\": %.6f, \"client_cpu\": %.4f, \"latency_us\": {\"p50\": "
      "%.1f, \"p90\": %.1f, "
      "\"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}}\n",
      outcome.requests, outcome.requests_total,
      static_cast<double>(outcome.requests) / outcome.elapsed_s,
      outcome.wrong + outcome.closed + outcome.refused + outcome.stalled, outcome.wrong,
      outcome.closed, outcome.refused, outcome.stalled, outcome.began_s, outcome.elapsed_s,
      outcome.cpu_s / outcome.elapsed_s, us(0.5), us(0.9), us(0.99), us(0.999),
      static_cast<double>(outcome.latency.max()) / 1000);
}

int load(const Flags& flags) {
  const Workload workload = workload_of(flags);
  if (workload.connections == 0 || workload.pipeline == 0 || workload.measured <= Duration(0))
    refuse("--connections, --pipeline and --seconds must be above 0");
  if (const uint64_t core = flags.number("--core", UINT64_MAX, 1023); core != UINT64_MAX)
    pin_to_core(static_cast<unsigned>(core));
  raise_descriptor_limit();
  // Whatever happens, this is over some seconds after it should be.
  alarm(static_cast<unsigned>((workload.warmup + workload.measured) / seconds(1)) + 30);
  Ring ring;
  if (auto opened = ring.open(ring_size(workload)); !opened) refuse(opened.error().text);
  print(ClosedLoop(ring, workload).run());
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using weir::bench::Flags;
  return weir::bench::load(
      Flags(argc, argv,
            {"--target", "--path", "--host", "--connections", "--pipeline", "--seconds", "--warmup",
             "--status", "--body-bytes", "--core", "--numbers", "--requests"}));
}

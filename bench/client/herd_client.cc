// The herd: all connections ask for the same path in the same moment, once. Prints one JSON object;
// ends when all are answered, or after `--seconds`.
//   bench_herd --target 127.0.0.1:PORT [--path P] [--host H] [--connections N] [--body-bytes N]
//              [--seconds S]

#include <cstdio>
#include <unistd.h>

#include "client/herd.h"
#include "ring/program.h"

namespace weir::bench {
namespace {

void print(const HerdOutcome& outcome, uint32_t connections) {
  const auto us = [](const Histogram& histogram, double share) {
    return static_cast<double>(histogram.quantile(share)) / 1000;
  };
  std::printf(
      "{\"answered\": %lu, \"errors\": %lu, \"first_byte_us\": {\"p50\": %.1f, \"p99\": %.1f, "
      "\"max\": %.1f}, \"whole_us\": {\"p50\": %.1f, \"max\": %.1f}}\n",
      outcome.answered, connections - outcome.answered, us(outcome.first_byte, 0.5),
      us(outcome.first_byte, 0.99), static_cast<double>(outcome.first_byte.max()) / 1000,
      us(outcome.whole, 0.5), static_cast<double>(outcome.whole.max()) / 1000);
}

int send_herd(const Flags& flags) {
  const double patience_s = flags.seconds("--seconds", 20, 60);
  const HerdPlan plan{
      .target = flags.loopback("--target"),
      .path = flags.text("--path", "/"),
      .host = flags.text("--host", "localhost"),
      .connections = static_cast<uint32_t>(flags.number("--connections", 1000, 18'000)),
      .body_bytes = flags.number("--body-bytes", 1024, 1 << 30),
      .patience = Duration(static_cast<int64_t>(patience_s * 1e9))};
  raise_descriptor_limit();
  alarm(static_cast<unsigned>(patience_s) + 30);
  Ring ring;
  if (auto opened = ring.open({.entries = 4096, .buffers = 4096, .buffer_bytes = 16384}); !opened)
    refuse(opened.error().text);
  print(Herd(ring, plan).run(), plan.connections);
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using weir::bench::Flags;
  return weir::bench::send_herd(Flags(
      argc, argv, {"--target", "--path", "--host", "--connections", "--body-bytes", "--seconds"}));
}

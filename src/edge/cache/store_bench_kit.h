#pragma once
// For the benchmarks of the store: one shard on the first core, which owns all of a store.

#include "edge/cache/cache_test_kit.h"
#include "runtime/threads.h"

namespace weir::edge::cache {

// Runs `bench` with a store of that size; what main() returns.
inline int run_store_bench(uint64_t memory_bytes, runtime::Task<> (*bench)(runtime::Shard&, Store&,
                                                                           telemetry::Registry&)) {
  StoreSettings settings = test_settings(memory_bytes);
  telemetry::Registry registry(1);
  Store store(settings, 0, 1, 12345);
  runtime::ThreadOptions options;
  options.cores = {0};
  auto threads = runtime::Threads::start(
      options, [&](runtime::Shard& shard) { return bench(shard, store, registry); });
  if (!threads) return 1;
  return (*threads)->join(minutes(4)) ? 0 : 1;
}

}  // namespace weir::edge::cache

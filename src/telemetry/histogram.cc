#include "telemetry/histogram.h"

namespace weir::telemetry {

// The first value of a run, a run that is wide, or the 2^32nd value of a bucket. A reader keeps
// whichever run it has loaded; the one that was replaced stays readable and is never written again.
void HistogramCell::count_slowly(uint32_t bucket) {
  auto& slot = runs_[bucket / run_buckets];
  uintptr_t run = slot.load(relaxed);
  if (run == 0) {
    run = reinterpret_cast<uintptr_t>(arena_->make<NarrowRun>());
    reinterpret_cast<NarrowRun*>(run)->counts[bucket % run_buckets].store(1, relaxed);
    slot.store(run, std::memory_order_release);
    return;
  }
  if ((run & wide) == 0) {
    run = widen(run);
    slot.store(run, std::memory_order_release);
  }
  auto& count = reinterpret_cast<WideRun*>(run & ~wide)->counts[bucket % run_buckets];
  count.store(count.load(relaxed) + 1, relaxed);
}

uintptr_t HistogramCell::widen(uintptr_t run) {
  const auto* narrow = reinterpret_cast<const NarrowRun*>(run);
  auto* copy = arena_->make<WideRun>();
  for (size_t i = 0; i < run_buckets; ++i)
    copy->counts[i].store(narrow->counts[i].load(relaxed), relaxed);
  return reinterpret_cast<uintptr_t>(copy) | wide;
}

void HistogramCell::read(HistogramData& into) const {
  for (uint32_t index = 0; index < runs_max; ++index) {
    const uintptr_t run = runs_[index].load(std::memory_order_acquire);
    if (run == 0) continue;
    auto& counts = into.run(index);
    for (size_t i = 0; i < run_buckets; ++i)
      counts[i] += (run & wide) != 0
                       ? reinterpret_cast<const WideRun*>(run & ~wide)->counts[i].load(relaxed)
                       : reinterpret_cast<const NarrowRun*>(run)->counts[i].load(relaxed);
  }
  into.zeros += zeros_.load(relaxed);
  into.sum += sum_.load(relaxed);
  into.min = std::min(into.min, min_.load(relaxed));
  into.max = std::max(into.max, max_.load(relaxed));
}

}  // namespace weir::telemetry

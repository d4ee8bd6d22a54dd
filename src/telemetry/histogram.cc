#include "telemetry/histogram.h"

namespace weir::telemetry {

void HistogramCell::record(uint64_t value, uint64_t times) {
  if (times == 0) return;
  sum_.store(sum_.load(relaxed) + value * times, relaxed);
  if (value < min_.load(relaxed)) min_.store(value, relaxed);
  if (value > max_.load(relaxed)) max_.store(value, relaxed);
  if (value == 0)
    count_zeros(times);
  else
    count_slowly(bucket_of(value), times);
}

// Also for the first value of a run, a run that is wide, and the 2^32nd value of a bucket. A reader
// keeps whichever run it has loaded; one that was replaced stays readable and is not written again.
void HistogramCell::count_slowly(uint32_t bucket, uint64_t n) {
  auto& slot = runs_[bucket / run_buckets];
  std::byte* run = slot.load(relaxed);
  if (!run) {
    run = reinterpret_cast<std::byte*>(arena_->make<NarrowRun>());
    slot.store(run, std::memory_order_release);
  }
  if (!is_wide(run)) {
    auto& narrow = reinterpret_cast<NarrowRun*>(run)->counts[bucket % run_buckets];
    const uint64_t count = narrow.load(relaxed) + n;
    if (count <= UINT32_MAX) return narrow.store(static_cast<uint32_t>(count), relaxed);
    run = widen(run);
    slot.store(run, std::memory_order_release);
  }
  auto& count = reinterpret_cast<WideRun*>(run - 1)->counts[bucket % run_buckets];
  count.store(count.load(relaxed) + n, relaxed);
}

std::byte* HistogramCell::widen(const std::byte* run) {
  const auto* narrow = reinterpret_cast<const NarrowRun*>(run);
  auto* copy = arena_->make<WideRun>();
  for (size_t i = 0; i < run_buckets; ++i)
    copy->counts[i].store(narrow->counts[i].load(relaxed), relaxed);
  return reinterpret_cast<std::byte*>(copy) + 1;
}

void HistogramCell::clear() {
  for (std::atomic<std::byte*>& slot : runs_) {
    std::byte* const run = slot.load(relaxed);
    if (!run) continue;
    for (size_t i = 0; i < run_buckets; ++i) {
      if (is_wide(run))
        reinterpret_cast<WideRun*>(run - 1)->counts[i].store(0, relaxed);
      else
        reinterpret_cast<NarrowRun*>(run)->counts[i].store(0, relaxed);
    }
  }
  sum_.store(0, relaxed);
  min_.store(UINT64_MAX, relaxed);
  max_.store(0, relaxed);
  zeros_.store(0, relaxed);
}

void HistogramCell::read(HistogramData& into) const {
  for (uint32_t index = 0; index < runs_max; ++index) {
    const std::byte* run = runs_[index].load(std::memory_order_acquire);
    if (!run) continue;
    auto& counts = into.run(index);
    for (size_t i = 0; i < run_buckets; ++i)
      counts[i] += is_wide(run) ? wide_run(run).counts[i].load(relaxed)
                                : reinterpret_cast<const NarrowRun*>(run)->counts[i].load(relaxed);
  }
  into.zeros += zeros_.load(relaxed);
  into.sum += sum_.load(relaxed);
  into.min = std::min(into.min, min_.load(relaxed));
  into.max = std::max(into.max, max_.load(relaxed));
}

}  // namespace weir::telemetry

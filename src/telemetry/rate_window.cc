#include "telemetry/rate_window.h"

namespace weir::telemetry {

void RateWindow::tick(MonoTime now, uint64_t total) {
  const std::lock_guard lock(mutex_);
  const auto reading = [this](size_t i) -> Reading& {
    return readings_[(first_ + i) % readings_max];
  };
  if (count_ > 0 && total < reading(count_ - 1).total) count_ = 0;
  if (count_ > 0 && now - reading(count_ - 1).time < milliseconds(500)) return;
  const auto drop_oldest = [this] {
    first_ = (first_ + 1) % readings_max;
    --count_;
  };
  if (count_ == readings_max) drop_oldest();
  reading(count_++) = {now, total};
  // Ticks come a little late; a reading that is just over ten seconds old still serves.
  while (count_ > 1 && now - reading(0).time > window + milliseconds(500))
    drop_oldest();
  const Duration elapsed = now - reading(0).time;
  const uint64_t grown = total - reading(0).total;
  increase_.store(grown, std::memory_order_relaxed);
  const double seconds_elapsed = std::chrono::duration<double>(elapsed).count();
  per_second_.store(elapsed > Duration::zero() ? static_cast<double>(grown) / seconds_elapsed : 0,
                    std::memory_order_relaxed);
}

}  // namespace weir::telemetry

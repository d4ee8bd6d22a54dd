#pragma once
// CycleClock: the monotonic clock between two reads of the kernel's, by the processor's cycle
// counter, which costs less than half of such a read. A reactor reads the kernel's clock once a
// turn; whoever wants to know the time within the turn asks here. Off by less than a thousandth of
// the time since that read. Where the kernel itself does not trust the counter, where its rate is
// not known yet, and after long turns, the kernel is asked. On one thread.

#include "base/time.h"

namespace weir::runtime {

class CycleClock {
 public:
  CycleClock();

  // Reads the kernel's clock, from which fresh() goes on.
  MonoTime read();
  MonoTime fresh() const {
    const uint64_t cycles = count() - read_at_cycles_;
    if (cycles >= cycles_max_) [[unlikely]]
      return ask_kernel();
    return read_at_ + Duration(static_cast<int64_t>((cycles * ns_a_cycle_) >> fraction_bits));
  }

 private:
  static constexpr int fraction_bits = 32;

  static uint64_t count() {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
  }
  static MonoTime ask_kernel();
  // Both clocks; false when the counter means nothing, or something came between the two.
  bool read_both();
  void learn_rate();

  const bool trusted_;
  MonoTime read_at_{};
  uint64_t read_at_cycles_ = 0;
  uint64_t cycles_max_ = 0;  // that fresh() goes on for; 0: the rate is not known
  uint64_t ns_a_cycle_ = 0;  // with fraction_bits behind the point
  MonoTime learned_at_{};    // where the next measurement of the rate begins
  uint64_t learned_at_cycles_ = 0;
};

}  // namespace weir::runtime

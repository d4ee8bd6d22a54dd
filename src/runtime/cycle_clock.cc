#include "runtime/cycle_clock.h"

#include <array>
#include <string_view>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "runtime/reactor.h"

namespace weir::runtime {
namespace {

constexpr const char* clock_source =
    "/sys/devices/system/clocksource/clocksource0/"
    "current_clocksource";
// Those of the kernel that go by the counter themselves.
constexpr std::array<std::string_view, 3> by_cycles{"tsc\n", "kvm-clock\n",
                                                    "hyperv_clocksource_tsc_page\n"};
constexpr Duration first_measurement = milliseconds(100);
constexpr Duration measurement = seconds(1);
constexpr uint64_t cycles_max = 1 << 25;  // some 10 ms
// Between the two counts around a read of the kernel's clock, when nothing comes between: some 2
// us.
constexpr uint64_t one_read_cycles_max = 6000;

bool counts_evenly() {
#if defined(__x86_64__)
  constexpr unsigned leaf = 0x80000007, invariant = 1 << 8;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(leaf, &a, &b, &c, &d) != 0 && (d & invariant) != 0;
#else
  return false;
#endif
}

bool kernel_trusts_it() {
  const int fd = ::open(clock_source, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<char, 64> text{};
  const ssize_t size = ::read(fd, text.data(), text.size());
  ::close(fd);
  const std::string_view name(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  for (const std::string_view known : by_cycles)
    if (name == known) return true;
  return false;
}

}  // namespace

CycleClock::CycleClock() : trusted_(counts_evenly() && kernel_trusts_it()) {
  constexpr int attempts = 10;
  for (int i = 0; i < attempts && !read_both(); ++i) {
  }
  learned_at_ = read_at_;
  learned_at_cycles_ = read_at_cycles_;
}

MonoTime CycleClock::ask_kernel() {
  return read_monotonic_clock();
}

MonoTime CycleClock::read() {
  // A rate that was measured across an interruption would be wrong for all of its second.
  if (read_both() && read_at_ - learned_at_ >= (cycles_max_ == 0 ? first_measurement : measurement))
    learn_rate();
  return read_at_;
}

bool CycleClock::read_both() {
  const uint64_t before = count();
  read_at_ = ask_kernel();
  read_at_cycles_ = count();
  return trusted_ && read_at_cycles_ - before <= one_read_cycles_max;
}

void CycleClock::learn_rate() {
  const uint64_t cycles = read_at_cycles_ - learned_at_cycles_;
  const auto ns = static_cast<unsigned __int128>((read_at_ - learned_at_).count());
  learned_at_ = read_at_;
  learned_at_cycles_ = read_at_cycles_;
  const uint64_t rate = cycles == 0 ? 0 : static_cast<uint64_t>((ns << fraction_bits) / cycles);
  // Between 100 MHz and 40 GHz; all else is no rate, such as one across a suspension.
  constexpr uint64_t one = uint64_t{1} << fraction_bits;
  const bool sound = rate >= one / 40 && rate <= one * 10;
  ns_a_cycle_ = rate;
  cycles_max_ = sound ? cycles_max : 0;
}

}  // namespace weir::runtime

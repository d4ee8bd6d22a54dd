#pragma once
// ProfileBuffer: where the signal handler of the CPU profile puts what it sees. Of fixed size, made
// before the first signal; take() is async-signal-safe and may run on any number of threads at
// once. When it is full, further samples are counted and dropped.

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace weir::admin {

struct ProfileSample {
  static constexpr int depth_max = 48;

  std::array<char, 16> thread{};  // its name, zero-terminated
  int depth = 0;
  std::array<void*, depth_max> frames{};  // innermost first
};

class ProfileBuffer {
 public:
  explicit ProfileBuffer(size_t samples_max) : samples_(samples_max) {}

  // Room for one sample, or nullptr.
  ProfileSample* take() {
    const size_t at = taken_.fetch_add(1, std::memory_order_relaxed);
    return at < samples_.size() ? &samples_[at] : nullptr;
  }

  // Once nobody takes any more.
  size_t size() const { return std::min(taken_.load(), samples_.size()); }
  size_t dropped() const { return taken_.load() - size(); }
  const ProfileSample& operator[](size_t index) const { return samples_[index]; }

 private:
  std::vector<ProfileSample> samples_;
  std::atomic<size_t> taken_{0};
};

}  // namespace weir::admin

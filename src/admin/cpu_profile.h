#pragma once
// CpuProfile: samples the stacks of all threads of the process while it lives, a number of times
// for each second of CPU that they spend. At most one at a time. Costs about 10 us a sample and
// some 8 MB of memory; nothing while there is none.

#include <expected>
#include <memory>
#include <string>

#include "admin/profile_buffer.h"
#include "base/time.h"

namespace weir::admin {

class CpuProfile {
 public:
  static constexpr int samples_per_cpu_second = 199;  // prime: not in step with timers
  static constexpr size_t samples_max = 20'000;

  // Begins to sample. The error says why not: another one runs, or the kernel refuses.
  static std::expected<std::unique_ptr<CpuProfile>, std::string> start();
  ~CpuProfile();
  CpuProfile(const CpuProfile&) = delete;
  CpuProfile& operator=(const CpuProfile&) = delete;

  // Ends the sampling; then the samples can be read.
  void stop();
  const ProfileBuffer& samples() const { return buffer_; }

 private:
  CpuProfile() : buffer_(samples_max) {}

  ProfileBuffer buffer_;
  bool running_ = false;
};

// One line for each different stack, "thread;outermost;...;innermost count", most frequent first:
// what flame graph tools read.
std::string folded_stacks(const ProfileBuffer& samples);

}  // namespace weir::admin

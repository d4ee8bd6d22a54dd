#include "admin/cpu_profile.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <execinfo.h>
#include <map>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unordered_map>

#include "admin/symbols.h"

namespace weir::admin {
namespace {

// What the handler writes to; null while there is no profile.
std::atomic<ProfileBuffer*> g_buffer{nullptr};
// Handlers that are at work, so that the buffer is not taken from under them.
std::atomic<int> g_handlers{0};

// The handler itself and the frame that the kernel made for it.
constexpr int own_frames = 2;

void on_sample(int, siginfo_t*, void*) {
  const int saved_errno = errno;
  g_handlers.fetch_add(1);
  if (ProfileBuffer* buffer = g_buffer.load()) {
    if (ProfileSample* sample = buffer->take()) {
      prctl(PR_GET_NAME, sample->thread.data());
      // Allocates nothing: the unwinder was loaded by start().
      sample->depth = backtrace(sample->frames.data(), ProfileSample::depth_max);
    }
  }
  g_handlers.fetch_sub(1);
  errno = saved_errno;
}

bool set_timer(long microseconds) {
  itimerval timer{};
  timer.it_interval.tv_usec = microseconds;
  timer.it_value = timer.it_interval;
  return setitimer(ITIMER_PROF, &timer, nullptr) == 0;
}

bool install_handler() {
  struct sigaction action{};
  action.sa_sigaction = on_sample;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigfillset(&action.sa_mask);
  // It stays: a signal that was on its way when the timer ended would end the process otherwise.
  return sigaction(SIGPROF, &action, nullptr) == 0;
}

std::string thread_name(const ProfileSample& sample) {
  std::string name(sample.thread.data(), strnlen(sample.thread.data(), sample.thread.size()));
  std::ranges::replace(name, ';', ':');
  return name.empty() ? "[thread]" : name;
}

// A return address is behind its call, which may be the last instruction of its function.
uintptr_t call_address(const ProfileSample& sample, int frame) {
  const auto address = reinterpret_cast<uintptr_t>(sample.frames[static_cast<size_t>(frame)]);
  return frame > own_frames && address > 0 ? address - 1 : address;
}

}  // namespace

std::expected<std::unique_ptr<CpuProfile>, std::string> CpuProfile::start() {
  void* preload[2];
  (void)backtrace(preload, 2);
  std::unique_ptr<CpuProfile> profile(new CpuProfile());
  ProfileBuffer* none = nullptr;
  if (!g_buffer.compare_exchange_strong(none, &profile->buffer_))
    return std::unexpected("another CPU profile is being taken; ask again when it is done");
  profile->running_ = true;
  if (!install_handler() || !set_timer(1'000'000 / samples_per_cpu_second))
    return std::unexpected(std::string("cannot set the profiling timer: ") + std::strerror(errno));
  return profile;
}

void CpuProfile::stop() {
  if (!running_) return;
  running_ = false;
  set_timer(0);
  g_buffer.store(nullptr);
  while (g_handlers.load() > 0)
    sched_yield();
}

CpuProfile::~CpuProfile() {
  stop();
}

std::string folded_stacks(const ProfileBuffer& samples) {
  const Symbols symbols;
  std::unordered_map<uintptr_t, std::string> names;
  std::map<std::string, size_t> stacks;
  for (size_t i = 0; i < samples.size(); ++i) {
    const ProfileSample& sample = samples[i];
    std::string line = thread_name(sample);
    for (int frame = sample.depth; frame-- > own_frames;) {
      const uintptr_t address = call_address(sample, frame);
      auto [found, is_new] = names.try_emplace(address);
      if (is_new) found->second = symbols.name_of(address);
      line += ';' + found->second;
    }
    ++stacks[line];
  }
  std::vector<std::pair<std::string, size_t>> sorted(stacks.begin(), stacks.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (const auto& [stack, count] : sorted)
    text += stack + ' ' + std::to_string(count) + '\n';
  return text;
}

}  // namespace weir::admin

#include "cli/crash.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <execinfo.h>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/version.h"
#include "runtime/reactor.h"
#include "telemetry/trace_text.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_SANITIZED 1
#endif
#endif

namespace weir::cli {
namespace {

[[maybe_unused]] constexpr std::array signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
[[maybe_unused]] constexpr size_t stack_bytes = 64 * 1024;
constexpr int frames_max = 64;

// Read by the handlers, written before there are any.
char g_path[PATH_MAX];
char g_traces_path[PATH_MAX];
std::atomic<const telemetry::Tracing*> g_tracing{nullptr};
std::atomic<int64_t> g_dump_ns{0};
telemetry::TraceText g_text;
std::atomic<bool> g_crashed{false};

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGABRT";
  }
}

// A text of bounded length, put together without allocation.
class Text {
 public:
  Text& add(std::string_view text) {
    const size_t size = std::min(text.size(), sizeof bytes_ - size_);
    std::memcpy(bytes_ + size_, text.data(), size);
    size_ += size;
    return *this;
  }
  Text& add(uint64_t number, unsigned base) {
    char digits[20];
    size_t at = sizeof digits;
    do {
      digits[--at] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number > 0);
    return add({digits + at, sizeof digits - at});
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[512];
  size_t size_ = 0;
};

void write_report(int fd, std::string_view headline, std::span<void* const> frames) {
  [[maybe_unused]] ssize_t written = write(fd, headline.data(), headline.size());
  backtrace_symbols_fd(frames.data(), static_cast<int>(frames.size()), fd);
  constexpr std::string_view advice =
      "addr2line -Cfpie PROGRAM OFFSET, with the offsets in parentheses, says which lines these "
      "are.\n";
  written = write(fd, advice.data(), advice.size());
}

void report(int signal, const siginfo_t& info) {
  char thread[16] = "";
  prctl(PR_GET_NAME, thread);
  Text text;
  text.add("weir ").add(version()).add(" crashed: ").add(name_of(signal));
  if (signal != SIGABRT) text.add(" at 0x").add(reinterpret_cast<uintptr_t>(info.si_addr), 16);
  text.add(", thread ").add({thread, strnlen(thread, sizeof thread)});
  text.add(" (").add(static_cast<uint64_t>(syscall(SYS_gettid)), 10);
  text.add("), process ").add(static_cast<uint64_t>(getpid()), 10).add("\n");
  // The headline first: walking a broken stack may be the last thing that happens.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, text.view().data(), text.view().size());
  void* frames[frames_max];
  const int count = backtrace(frames, frames_max);
  const std::span<void* const> found(frames, static_cast<size_t>(count));
  write_report(STDERR_FILENO, {}, found);
  if (g_path[0] == '\0') return;
  const int fd = open(g_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return;
  write_report(fd, text.view(), found);
  close(fd);
}

// Last, since it touches the most memory.
void dump_traces() {
  const telemetry::Tracing* tracing = g_tracing.load();
  if (!tracing || g_traces_path[0] == '\0') return;
  const int fd = open(g_traces_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return;
  const MonoTime since = runtime::read_monotonic_clock() - Duration(g_dump_ns.load());
  for (unsigned shard = 0; shard < tracing->shards(); ++shard)
    tracing->tracer(shard).ring().each_since(since, [&](const telemetry::TraceView& trace) {
      const std::string_view line = g_text.write(trace, tracing->wall_ns(0));
      [[maybe_unused]] const ssize_t written = write(fd, line.data(), line.size());
    });
  close(fd);
}

void on_crash(int signal, siginfo_t* info, void*) {
  // Whoever comes second waits for the end of the process.
  if (g_crashed.exchange(true))
    for (;;)
      pause();
  report(signal, *info);
  dump_traces();
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  // A fault happens again when the instruction is repeated, with its registers as they were; a
  // signal that somebody sent does not.
  if (info->si_code <= 0 || signal == SIGABRT) raise(signal);
}

}  // namespace

void install_crash_reports(const std::string& directory) {
#ifdef WEIR_SANITIZED
  (void)directory;
  (void)on_crash;
#else
  const std::string path = directory + "/crash-" + std::to_string(getpid());
  const std::string text = path + ".txt", traces = path + ".traces.jsonl";
  if (!directory.empty() && traces.size() < sizeof g_path) {
    std::memcpy(g_path, text.c_str(), text.size() + 1);
    std::memcpy(g_traces_path, traces.c_str(), traces.size() + 1);
  }
  void* preload[1];
  (void)backtrace(preload, 1);  // the first call loads the unwinder, which allocates
  use_crash_stack();
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (const int signal : signals)
    sigaction(signal, &action, nullptr);
#endif
}

void dump_on_crash(const telemetry::Tracing* tracing, Duration length) {
  g_dump_ns.store(length.count());
  g_tracing.store(length > Duration(0) ? tracing : nullptr);
}

void use_crash_stack() {
#ifndef WEIR_SANITIZED
  // Unregisters itself before its memory goes.
  struct Stack {
    Stack() : memory(new char[stack_bytes]) {
      const stack_t stack{.ss_sp = memory.get(), .ss_flags = 0, .ss_size = stack_bytes};
      sigaltstack(&stack, nullptr);
    }
    ~Stack() {
      const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
      sigaltstack(&none, nullptr);
    }
    std::unique_ptr<char[]> memory;
  };
  thread_local const Stack stack;
#endif
}

}  // namespace weir::cli

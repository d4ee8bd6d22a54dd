#include "admin/heap_profile.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>

// jemalloc's, where the program is linked to it; null otherwise.
extern "C" {
[[gnu::weak]] int mallctl(const char* name, void* old, size_t* old_size, void* value,
                          size_t value_size);
[[gnu::weak]] void malloc_stats_print(void (*write)(void*, const char*), void* context,
                                      const char* options);
}

namespace weir::admin {
namespace {

bool sampling_is_on() {
  bool on = false;
  size_t size = sizeof on;
  return mallctl("opt.prof", &on, &size, nullptr, 0) == 0 && on;
}

// The profile in jemalloc's own format, which jeprof reads; empty when it cannot be written. Goes
// through a file in memory, since the service may have no directory that it can write to.
std::string dump_profile() {
  const int fd = memfd_create("heap-profile", MFD_CLOEXEC);
  if (fd < 0) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const char* name = path.c_str();
  std::string text;
  if (mallctl("prof.dump", nullptr, nullptr, static_cast<void*>(&name), sizeof name) == 0) {
    std::ifstream in(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  close(fd);
  return text;
}

}  // namespace

HeapReport heap_report() {
  if (!mallctl || !malloc_stats_print)
    return {false, "No heap profile: this build is not linked to jemalloc.\n"};
  if (sampling_is_on()) {
    if (std::string profile = dump_profile(); !profile.empty()) return {true, std::move(profile)};
  }
  // The statistics are those of the last epoch.
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
  HeapReport report{true,
                    "Statistics of the allocator. For a profile by call stack, start with "
                    "MALLOC_CONF=prof:true and ask again; jeprof reads the answer.\n\n"};
  malloc_stats_print(
      [](void* text, const char* piece) { *static_cast<std::string*>(text) += piece; },
      &report.text, "a");
  return report;
}

}  // namespace weir::admin

#include "telemetry/process_metrics.h"

#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>

namespace weir::telemetry {

namespace {

// The first `size` - 1 bytes of a small file under /proc; empty when it cannot be read.
std::string read_small(const char* path) {
  struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<FILE, Close> file(std::fopen(path, "re"));
  std::string text(8192, '\0');
  text.resize(file ? std::fread(text.data(), 1, text.size(), file.get()) : 0);
  return text;
}

// "btime" of /proc/stat: when the machine started, in seconds since 1970.
double boot_seconds() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/stat", "re"), std::fclose);
  char line[4096];
  long long seconds = 0;
  while (file && std::fgets(line, sizeof line, file.get()))
    if (std::sscanf(line, "btime %lld", &seconds) == 1) break;
  return static_cast<double>(seconds);
}

double max_fds() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  rusage spent{};
  if (::getrusage(RUSAGE_SELF, &spent) == 0)
    usage.cpu_seconds = static_cast<double>(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) +
                        static_cast<double>(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec) * 1e-6;
  // Fields behind the name, which may hold spaces and parentheses (proc(5)): field 3 is the first.
  const std::string stat = read_small("/proc/self/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return usage;
  unsigned long long start_ticks = 0;
  long long resident_pages = 0;
  const int read = std::sscanf(
      stat.c_str() + name_end + 1,
      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu %*u %lld",
      &start_ticks, &resident_pages);
  if (read != 2) return usage;
  usage.resident_bytes = static_cast<double>(resident_pages * ::sysconf(_SC_PAGESIZE));
  if (const double boot = boot_seconds(); boot > 0)
    usage.start_seconds =
        boot + static_cast<double>(start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return usage;
}

double count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) return 0;
  double count = 0;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') ++count;
  return count - 1;  // the directory itself
}

ProcessMetrics::ProcessMetrics(Registry& registry) {
  const auto observe = [&](const auto& decl, Registry::Callback callback) {
    observations_.push_back(registry.observe(decl, {}, std::move(callback)));
  };
  observe(process_cpu_seconds, [] { return read_process_usage().cpu_seconds; });
  observe(process_resident_bytes, [] { return read_process_usage().resident_bytes; });
  observe(process_open_fds, count_open_fds);
  observe(process_max_fds, max_fds);
  observe(process_start_seconds, [start = read_process_usage().start_seconds] { return start; });
}

}  // namespace weir::telemetry

#include "load/http_load.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>

#include "load/shard_load.h"
#include "runtime/threads.h"

namespace weir::load {
namespace {

using runtime::Threads;

// How often we look whether it has ended or should end.
constexpr Duration glance = milliseconds(10);
constexpr Duration start_ahead = milliseconds(20);
// After a wish to end, requests under way get this long.
constexpr Duration grace_when_stopped = milliseconds(500);

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class HttpLoad {
 public:
  HttpLoad(const LoadOptions& options, const LoadTerminal& terminal)
      : options_(options), terminal_(terminal), run_(options) {
    for (size_t i = 0; i < options.cores.size(); ++i)
      counts_.push_back(std::make_unique<LoadCounts>());
  }

  std::expected<LoadReport, std::string> run(const runtime::ReactorOptions& reactor) {
    runtime::ThreadOptions thread_options{
        .cores = options_.cores, .pin = options_.pin, .reactor = reactor};
    Result<std::unique_ptr<Threads>> threads =
        Threads::start(thread_options, [this](runtime::Shard& shard) { return shard_main(shard); });
    if (!threads) return std::unexpected(std::string(threads.error().text));
    if (auto problem = connect(**threads)) {
      run_.start_ns.store(-1);
      end(**threads);
      return std::unexpected(*problem);
    }
    start_ = runtime::read_monotonic_clock() + start_ahead;
    run_.start_ns.store(nanos(start_));
    const bool early = watch(**threads);
    end(**threads);
    return report(early, (*threads)->reactor_kind());
  }

 private:
  runtime::Task<> shard_main(runtime::Shard& shard) {
    ShardLoad load(shard, run_, *counts_[shard.index()]);
    co_await load.run();
  }

  bool stop_wanted() const { return terminal_.stop && terminal_.stop->load(); }
  MonoTime measured_from() const { return start_ + options_.warmup; }
  MonoTime measured_until() const { return measured_from() + options_.duration; }

  // Until every shard has tried to open its connections; what is wrong if none could.
  std::optional<std::string> connect(Threads& threads) {
    const MonoTime limit = runtime::read_monotonic_clock() + options_.timeout + seconds(5);
    while (run_.shards_ready.load() < options_.cores.size()) {
      threads.join(milliseconds(1));
      if (stop_wanted()) return "ended before it began";
      if (runtime::read_monotonic_clock() > limit && run_.connections_ready.load() == 0) break;
      if (runtime::read_monotonic_clock() > limit + seconds(20)) break;
    }
    if (run_.connections_ready.load() > 0) return std::nullopt;
    const char* problem = run_.connect_problem.load();
    const int error = run_.connect_errno.load();
    return std::string(problem ? problem : "cannot connect in time") + " to " +
           options_.target.to_string() + (error ? ": " + std::string(strerror(error)) : "");
  }

  LoadTotals totals() const {
    LoadTotals sum;
    for (const auto& counts : counts_)
      sum.add(*counts);
    return sum;
  }

  // Until all is done; true when it was ended early.
  bool watch(Threads& threads) {
    const MonoTime limit = measured_until() + options_.timeout + seconds(1);
    MonoTime next_line = start_ + seconds(1);
    LoadTotals before;
    for (;;) {
      const bool ended = threads.join(glance);
      const MonoTime now = runtime::read_monotonic_clock();
      note_clocks(now, ended);
      if (ended || now > limit) return false;
      if (stop_wanted()) {
        stopped_ = now;
        note_clocks(measured_until(), true);
        return true;
      }
      if (!terminal_.progress || now < next_line) continue;
      LoadTotals current = totals();
      terminal_.write_error(progress_line(before, current, now - start_) + "\n");
      before = std::move(current);
      next_line += seconds(1);
    }
  }

  // Reads the CPU clock when the measured part begins and when it ends.
  void note_clocks(MonoTime now, bool last) {
    if (!cpu_from_ && now >= measured_from()) cpu_from_ = process_cpu_seconds();
    if (cpu_from_ && !cpu_until_ && (last || now >= measured_until())) {
      cpu_until_ = process_cpu_seconds();
      ended_ = std::min(runtime::read_monotonic_clock(), measured_until());
    }
  }

  void end(Threads& threads) {
    threads.drain();
    if (!threads.join(stopped_ ? grace_when_stopped : Duration(0))) threads.close();
    while (!threads.join(seconds(1))) {
    }
  }

  LoadReport report(bool early, runtime::ReactorKind kind) {
    LoadReport report;
    report.totals = totals();
    report.measured = ended_ ? std::max(*ended_ - measured_from(), Duration(0)) : Duration(0);
    report.cpu_seconds = cpu_until_.value_or(0) - cpu_from_.value_or(0);
    report.ended_early = early;
    report.reactor = kind == runtime::ReactorKind::epoll ? "epoll" : "io_uring";
    return report;
  }

  const LoadOptions& options_;
  const LoadTerminal& terminal_;
  LoadRun run_;
  std::vector<std::unique_ptr<LoadCounts>> counts_;
  MonoTime start_{};
  std::optional<MonoTime> stopped_;
  std::optional<MonoTime> ended_;
  std::optional<double> cpu_from_;
  std::optional<double> cpu_until_;
};

}  // namespace

std::expected<LoadReport, std::string> run_http_load(const LoadOptions& options,
                                                     const LoadTerminal& terminal,
                                                     const runtime::ReactorOptions& reactor) {
  HttpLoad load(options, terminal);
  return load.run(reactor);
}

}  // namespace weir::load

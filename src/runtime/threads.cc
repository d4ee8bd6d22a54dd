#include "runtime/threads.h"

#include <condition_variable>
#include <latch>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <random>

namespace weir::runtime {
namespace {

void name_and_pin(size_t index, int core, bool pin) {
  pthread_setname_np(pthread_self(), ("weir/" + std::to_string(index)).c_str());
  if (!pin) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(core), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

// How far the start has come; lives until every thread has passed it.
struct Threads::Started {
  explicit Started(size_t count) : ready(static_cast<ptrdiff_t>(count)), go(1) {}
  std::latch ready;
  std::latch go;
  std::mutex mutex;
  std::optional<Error> error;
};

Result<std::unique_ptr<Threads>> Threads::start(const ThreadOptions& options, Main main) {
  std::unique_ptr<Threads> threads(new Threads(options, std::move(main)));
  auto started = std::make_shared<Started>(options.cores.size());
  for (size_t i = 0; i < options.cores.size(); ++i)
    threads->threads_.emplace_back([&self = *threads, i, started] { self.run(i, *started); });
  started->ready.wait();
  started->go.count_down();
  if (started->error) return std::unexpected(*started->error);
  return threads;
}

void Threads::run(size_t index, Started& started) {
  name_and_pin(index, options_.cores[index], options_.pin);
  Result<std::unique_ptr<Reactor>> reactor = Reactor::make(options_.reactor, random_seed());
  if (reactor) {
    group_.put(index, std::make_unique<Shard>(index, *std::move(reactor), group_));
  } else {
    const std::lock_guard lock(started.mutex);
    started.error = reactor.error();
  }
  started.ready.count_down();
  started.go.wait();
  if (started.error) return;
  Shard& shard = group_.at(index);
  shard.background().spawn(main_(shard));
  while (shard.background().running() > 0)
    shard.turn(never);
  shard.reactor().finish();
  ended_.fetch_add(1);
  ended_.notify_all();
}

Threads::~Threads() {
  for (std::thread& thread : threads_)
    thread.join();
}

void Threads::drain() {
  for (size_t i = 0; i < group_.size(); ++i)
    group_.post(i, [&shard = group_.at(i)] { shard.draining().request(); });
}

void Threads::close() {
  for (size_t i = 0; i < group_.size(); ++i) {
    group_.post(i, [&shard = group_.at(i)] {
      shard.draining().request();
      shard.closing().request();
    });
  }
}

bool Threads::join(Duration limit) {
  const MonoTime until = after(read_monotonic_clock(), limit);
  while (ended_.load() < group_.size()) {
    if (read_monotonic_clock() >= until) return false;
    timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
    // allow(sleep): the thread that ends the process waits here, no shard does
    nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace weir::runtime

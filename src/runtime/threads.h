#pragma once
// Threads: runs a shard group for real, one pinned thread a shard. Made and joined by the main
// thread, which stays free for signals.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/shard.h"

namespace weir::runtime {

struct ThreadOptions {
  std::vector<int> cores;  // one shard a core; pinned there unless `pin` is off
  bool pin = true;
  ReactorOptions reactor;  // its file_threads are made here
  size_t file_threads = 4;
};

class Threads {
 public:
  // What a shard does; it lives until the shard has drained. Runs on the shard's thread.
  using Main = std::function<Task<>(Shard&)>;

  // Starts all shards and returns when each has its reactor; an error when one could not be made.
  static Result<std::unique_ptr<Threads>> start(const ThreadOptions& options, Main main);
  ~Threads();

  ShardGroup& shards() { return group_; }
  ReactorKind reactor_kind() { return group_.at(0).reactor().kind(); }
  // Phase one: every shard's `draining` is requested. Phase two: `closing`.
  void drain();
  void close();
  // True once every shard's main and background tasks have ended; waits at most `limit`.
  bool join(Duration limit);

 private:
  struct Started;
  Threads(const ThreadOptions& options, Main main)
      : options_(options),
        main_(std::move(main)),
        file_threads_(options.file_threads),
        group_(options.cores.size(), options.pin ? options.cores : std::vector<int>()) {
    options_.reactor.file_threads = &file_threads_;
  }
  void run(size_t index, Started& started);

  ThreadOptions options_;
  Main main_;
  FileThreads file_threads_;  // outlives the reactors
  ShardGroup group_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> ended_{0};
};

}  // namespace weir::runtime

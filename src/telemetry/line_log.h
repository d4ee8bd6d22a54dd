#pragma once
// LineLog: lines that must not hold anybody up, such as the access log. Each shard appends whole
// lines to its own ring; one thread of its own writes what is there, at least every 50 ms or once a
// ring is half full. A shard never waits: when its ring is full the line is dropped and counted.
//
//   LineLog::Producer& access = log.producer(shard);
//   if (char* line = access.reserve(size)) access.commit(format(line));
//
// Writing goes to a file, which reopen() opens anew after it was renamed, to "-" (stdout) or to
// "stderr". A failed write is counted, its lines are lost, and the next is tried: a full disk stops
// the log, not the service. A pipe that nobody reads is waited for, while the rings fill and drop,
// and at the stop for one second only. A file on disk does not stay in memory (write_behind.h).

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "telemetry/byte_queue.h"
#include "telemetry/write_behind.h"

namespace weir::telemetry {

class LineLog {
 public:
  // One shard's end. All calls from that shard alone, but for the counts.
  // NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): see ByteQueue
  class Producer {
   public:
    Producer(LineLog& log, uint64_t ring_bytes) : log_(&log), queue_(ring_bytes) {}

    // Room for a line of up to `n` bytes, its newline included, or nullptr, when the line counts as
    // dropped.
    char* reserve(size_t n) {
      char* at = queue_.reserve(n);
      if (!at) [[unlikely]]
        drop();
      return at;
    }
    // Publishes the first `n` bytes, which must end in a newline.
    void commit(size_t n);

    // Any thread.
    uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }
    uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

   private:
    friend class LineLog;
    void drop() {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    LineLog* log_;
    ByteQueue queue_;
    std::atomic<uint64_t> lines_{0};
    std::atomic<uint64_t> dropped_{0};
  };

  static constexpr uint64_t ring_bytes_default = 4 * MiB;

  // Opens the path and starts the writer. A file that cannot be opened is counted as a write error
  // and tried again at reopen() and at each write.
  LineLog(std::string path, unsigned shards, uint64_t ring_bytes = ring_bytes_default);
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;
  // Writes everything that was committed before, then ends the thread. Producers must be at rest.
  ~LineLog();

  Producer& producer(unsigned shard) { return producers_.at(shard); }
  // Whether the path could be opened; the error otherwise.
  Result<> check_open();

  // The file is opened anew before the next write. Safe in a signal handler.
  void reopen() { reopen_.store(true, std::memory_order_release); }
  // Writes what is there now, on the calling thread.
  void drain_now();

  // Any thread, summed over shards where that applies.
  uint64_t lines() const;
  uint64_t dropped() const;
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
  // Accepted from a shard, then lost to a failed write.
  uint64_t bytes_lost() const { return bytes_lost_.load(std::memory_order_relaxed); }
  // What its threads have used.
  Duration cpu_time() const {
    return Duration(cpu_ns_.load(std::memory_order_relaxed)) + write_behind_.cpu_time();
  }
  uint64_t write_errors() const { return write_errors_.load(std::memory_order_relaxed); }

 private:
  void run();
  void wake();
  bool open_file();
  // Takes the next runs of bytes from all rings, as many as one writev may have.
  size_t gather();
  void write_all(size_t bytes);
  ssize_t write_some(size_t first);
  bool wait_writable() const;

  const std::string path_;
  std::deque<Producer> producers_;
  std::atomic<bool> reopen_{false};
  std::atomic<bool> half_full_{false};
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> bytes_lost_{0};
  std::atomic<uint64_t> write_errors_{0};
  std::atomic<int64_t> cpu_ns_{0};

  std::mutex wake_mutex_;
  std::condition_variable wake_;

  std::mutex drain_mutex_;  // guards what is below, and the consuming end of every ring
  int fd_ = -1;
  int open_error_ = 0;
  bool regular_ = true;     // a file on disk: a write does not wait for a reader
  bool torn_line_ = false;  // a failed write left half a line behind
  WriteBehind write_behind_;
  std::vector<std::string_view> runs_;
  std::vector<uint64_t> ends_;  // how far each ring was gathered

  std::thread writer_;
};

}  // namespace weir::telemetry

#pragma once
// EventOutbox: lines of the EventLog on their way to an exporter, with what they were made of. Any
// thread puts one in, one thread takes them out, under a lock that each holds for a moment: lines
// are few, since every place that writes them has a limit of its own. Bounded: what finds no room
// is dropped and counted, as on stderr it stands. Nothing is kept until somebody exports.

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "telemetry/event_log.h"

namespace weir::telemetry {

struct LoggedLine {
  static constexpr size_t fields_max = 16;
  static constexpr size_t text_bytes_max = 1024;
  using Value = std::variant<int64_t, double, std::string>;

  int64_t wall_ns = 0;
  LogLevel level{};
  std::string module;
  std::string message;
  std::vector<std::pair<std::string, Value>> fields;
};

class EventOutbox {
 public:
  explicit EventOutbox(uint64_t lines_max) : lines_max_(lines_max) {}
  EventOutbox(const EventOutbox&) = delete;
  EventOutbox& operator=(const EventOutbox&) = delete;

  // Somebody exports from now on.
  void enable() { enabled_.store(true, std::memory_order_relaxed); }
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }

  // --- any thread ---
  void put(LoggedLine line);
  uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  uint64_t exported() const { return exported_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  uint64_t held() const { return recorded() - exported() - failed(); }
  bool half_full() const { return held() * 2 >= lines_max_; }

  // --- the exporter ---
  struct Batch {
    std::vector<const LoggedLine*> records;
  };
  // The oldest lines, at most so many, in place until they are given back.
  void peek(uint64_t lines_max, Batch& batch);
  // Gives back the first `count` of the batch; the receiver has not taken `failed` of them.
  void settle(const Batch& batch, uint64_t count, uint64_t failed);

 private:
  const uint64_t lines_max_;
  std::atomic<bool> enabled_{false};
  std::atomic<uint64_t> recorded_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> exported_{0};
  std::atomic<uint64_t> failed_{0};
  std::mutex mutex_;  // guards lines_; elements stay where they are while others come and go
  std::deque<LoggedLine> lines_;
};

}  // namespace weir::telemetry

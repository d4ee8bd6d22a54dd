#pragma once
// EventLog: what the process says about itself, as readable lines on stderr (or any descriptor):
//
//   2026-11-23T08:46:14.123Z WARN  net.listener accept failed errno=24 suppressed=118
//
// Any thread; never blocks long: one write(2) of at most 2 KiB, and on a descriptor that is full
// (a stuck terminal or pipe) a line is dropped and counted after 10 ms. Each call site has a limit
// of its own: at most `burst` lines at once and then one a second, with the number of those left
// out on the next. Not for requests: those are in the access log (line_log.h) and in spans.
//
//   WEIR_LOG(log, LogLevel::warning, "net.listener", "accept failed", {"errno", errno});

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace weir::telemetry {

class EventOutbox;

enum class LogLevel : uint8_t { debug, info, warning, error };

// One key=value behind the message. Values with spaces or quotes are written quoted.
struct LogField {
  template <std::integral Integer>
  LogField(std::string_view k, Integer v) : key(k), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(std::string_view(v ? "true" : "false")) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}

  std::string_view key;
  std::variant<int64_t, double, std::string_view> value;
};

// The limit of one call site; static storage. Any thread.
class LogSite {
 public:
  static constexpr int64_t burst = 10;

  // Whether a line may be written at `now_ns`; then `suppressed` is how many were left out before.
  bool admit(int64_t now_ns, uint64_t& suppressed);

 private:
  // The time (monotonic) at which the allowance would be untouched again.
  std::atomic<int64_t> full_at_ns_{INT64_MIN};
  std::atomic<uint64_t> suppressed_{0};
};

class EventLog {
 public:
  // Writes to `fd`, which stays the caller's.
  explicit EventLog(int fd, LogLevel least = LogLevel::info) : fd_(fd), least_(least) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Lines go there as well from now on, with what they are made of; nullptr: no more. No line may
  // be under way when the outbox ends.
  void also_to(EventOutbox* outbox) { outbox_.store(outbox, std::memory_order_release); }
  void set_level(LogLevel least) { least_.store(least, std::memory_order_relaxed); }
  bool enabled(LogLevel level) const { return level >= least_.load(std::memory_order_relaxed); }

  void write(LogSite& site, LogLevel level, std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields = {});

  uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  uint64_t suppressed() const { return suppressed_.load(std::memory_order_relaxed); }
  // Not written because the descriptor would not take them.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void emit(std::string_view line);

  const int fd_;
  std::atomic<LogLevel> least_;
  std::atomic<EventOutbox*> outbox_{nullptr};
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> suppressed_{0};
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace weir::telemetry

// Writes a line through `log`, limited at this place. What follows the message are LogFields.
#define WEIR_LOG(log, level, module, message, ...)                     \
  do {                                                                 \
    static ::weir::telemetry::LogSite weir_log_site;                   \
    (log).write(weir_log_site, level, module, message, {__VA_ARGS__}); \
  } while (false)

#pragma once
// LogEvents: what one shard has to say about single requests, as structured records on their way to
// an exporter: a declared event with attributes, its time, and the trace and span that it belongs
// to. A record is written where it will be read, in a ring bounded in bytes and in events: no lock,
// no allocation. Full means no: the event is dropped and counted. Nothing is recorded until
// somebody exports.
//
//   inline constexpr LogEventDecl failed{"request.failed", LogLevel::error, "a request failed"};
//   LogEvent(tracer.logs(), failed, now, trace.context(root))
//       .set(AttributeKey::http_response_status_code, 502);
//
//   record: LogHeader | entries as in span_record.h, entry_bytes long

#include <concepts>
#include <vector>

#include "base/trace_id.h"
#include "telemetry/byte_queue.h"
#include "telemetry/event_log.h"
#include "telemetry/governor.h"
#include "telemetry/span_record.h"

namespace weir::telemetry {

// Declared once, with static storage.
struct LogEventDecl {
  std::string_view name;  // of the kind of event: "request.failed"
  LogLevel level = LogLevel::info;
  std::string_view body;  // for people
};

struct LogHeader {
  uint32_t bytes;        // of the whole record, a multiple of 8
  uint32_t entry_bytes;  // a multiple of 8
  const LogEventDecl* decl;
  int64_t time_ns;  // monotonic
  TraceId trace;
  SpanId span;
  uint32_t flags;  // W3C trace flags
  uint32_t dropped_attributes;
};
static_assert(sizeof(LogHeader) == 56);

// Reads a record in place; valid while its bytes are.
class LogView {
 public:
  explicit LogView(const char* record) : bytes_(record) {}

  LogHeader header() const {
    LogHeader header;
    std::memcpy(&header, bytes_, sizeof header);
    return header;
  }
  // Calls visit(const Entry&) for every attribute in the order of recording.
  template <class Visit>
  void each_attribute(Visit visit) const {
    visit_entries(bytes_ + sizeof(LogHeader), header().entry_bytes, visit);
  }

 private:
  const char* bytes_;
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): see ByteQueue
class LogEvents {
 public:
  static constexpr uint32_t record_bytes_max = 1024;

  // `shedding` says whether events are left out to save CPU; it outlives this.
  LogEvents(uint64_t ring_bytes, uint64_t events_max, const std::atomic<ShedStep>& shedding)
      : shedding_(shedding), events_max_(events_max), queue_(ring_bytes) {}

  // Somebody exports from now on. Before the shard runs.
  void enable() { enabled_ = true; }
  bool enabled() const { return enabled_; }

  // --- the exporter ---
  struct Batch {
    std::vector<LogView> records;
    uint64_t end = 0;
  };
  // The oldest records, at most so many, in place until they are given back. Asked again, it gives
  // the same ones. Reuses the batch's memory.
  void peek(uint64_t records_max, Batch& batch);
  // Gives back the first `count` of the batch; the receiver has not taken `failed` of them.
  void settle(const Batch& batch, uint64_t count, uint64_t failed);

  // --- any thread ---
  uint64_t recorded() const { return recorded_.load(std::memory_order_relaxed); }
  // For want of bytes, and because there were events_max already.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  uint64_t surplus() const { return surplus_.load(std::memory_order_relaxed); }
  uint64_t shed() const { return shed_.load(std::memory_order_relaxed); }
  uint64_t exported() const { return exported_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  uint64_t events_max() const { return events_max_; }
  uint64_t held() const { return recorded() - exported() - failed(); }
  bool half_full() const {
    return queue_.size() * 2 >= queue_.capacity() || held() * 2 >= events_max_;
  }

 private:
  friend class LogEvent;

  // Room for a record; nullptr, and counted, where there is to be none.
  char* reserve() {
    if (!enabled_) return nullptr;
    if (shedding_.load(std::memory_order_relaxed) >= ShedStep::log_events) {
      add(shed_, 1);
      return nullptr;
    }
    if (recorded() - settled_ >= events_max_) {
      settled_ = exported() + failed();
      if (recorded() - settled_ >= events_max_) {
        add(surplus_, 1);
        return nullptr;
      }
    }
    char* const room = queue_.reserve(record_bytes_max);
    if (!room) add(dropped_, 1);
    return room;
  }
  // Visits the oldest records, at most so many; answers where the last of them ends.
  template <class Visit>
  uint64_t walk(uint64_t records_max, Visit visit) const;
  static void add(std::atomic<uint64_t>& count, uint64_t n) {
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  const std::atomic<ShedStep>& shedding_;
  const uint64_t events_max_;
  bool enabled_ = false;
  uint64_t settled_ = 0;  // as last seen by the shard
  std::atomic<uint64_t> recorded_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> surplus_{0};
  std::atomic<uint64_t> shed_{0};
  ByteQueue queue_;
  std::atomic<uint64_t> exported_{0};
  std::atomic<uint64_t> failed_{0};
};

// One event while it is written; recorded when it ends. On the shard, one at a time.
class LogEvent {
 public:
  static constexpr size_t text_bytes_max = 256;

  LogEvent(LogEvents& log, const LogEventDecl& decl, MonoTime now, const TraceContext& context)
      : log_(log),
        record_(log.reserve()),
        header_{0, 0, &decl, nanos(now), context.trace, context.span, context.flags, 0} {}
  LogEvent(const LogEvent&) = delete;
  LogEvent& operator=(const LogEvent&) = delete;
  ~LogEvent() {
    if (!record_) return;
    header_.entry_bytes = size_ - static_cast<uint32_t>(sizeof(LogHeader));
    header_.bytes = size_;
    std::memcpy(record_, &header_, sizeof header_);
    log_.queue_.commit(size_);
    LogEvents::add(log_.recorded_, 1);
  }

  LogEvent& set(AttributeKey key, std::same_as<bool> auto value) {
    return add(key, EntryType::boolean, value ? 1 : 0, nullptr, 0);
  }
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  LogEvent& set(AttributeKey key, Integer value) {
    const auto word = static_cast<int64_t>(value);
    return add(key, EntryType::integer, 8, &word, 8);
  }
  LogEvent& set(AttributeKey key, std::string_view value) {
    const auto size = static_cast<uint32_t>(std::min(value.size(), text_bytes_max));
    return add(key, EntryType::text, size, value.data(), size);
  }
  LogEvent& set(AttributeKey key, const char* value) { return set(key, std::string_view(value)); }

 private:
  LogEvent& add(AttributeKey key, EntryType type, uint32_t size, const void* payload,
                uint32_t bytes) {
    if (!record_) return *this;
    const uint32_t needed = static_cast<uint32_t>(sizeof(EntryHeader)) + padded(bytes);
    if (size_ + needed > LogEvents::record_bytes_max) {
      ++header_.dropped_attributes;
      return *this;
    }
    const EntryHeader entry{key, 0, static_cast<uint8_t>(type), size};
    std::memcpy(record_ + size_, &entry, sizeof entry);
    if (bytes > 0) std::memcpy(record_ + size_ + sizeof entry, payload, bytes);
    size_ += needed;
    return *this;
  }

  LogEvents& log_;
  char* record_;  // nullptr: not recorded
  uint32_t size_ = sizeof(LogHeader);
  LogHeader header_;
};

}  // namespace weir::telemetry

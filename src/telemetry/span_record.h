#pragma once
// The record of a trace's local spans: one form in the request's arena, in the flight recorder's
// ring and in the export queue, so that a finished trace is moved by copying bytes. It stays inside
// the process: names are pointers to declarations with static storage.
//
//   TraceHeader | SpanRecord x span_count | entries, entry_bytes long
//
//   entry:  key u16 | span u8 | type u8 | size u32 | payload, padded to 8 bytes
//     boolean       size is 0 or 1        no payload
//     integer       int64                 8 bytes
//     number        double                8 bytes
//     text          size bytes            UTF-8 as given, not checked
//     status_text   size bytes            describes the status of the span; key unused
//     event         EventRecord           16 bytes; key unused
//     link          LinkRecord            32 bytes; key unused
//   `span` is the index of the span it belongs to. With `of_event` set in `type` an attribute
//   belongs to the last event of that span before it.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/trace_id.h"
#include "telemetry/attribute.h"

namespace weir::telemetry {

enum class SpanKind : uint8_t { internal = 1, server, client, producer, consumer };
enum class SpanStatus : uint8_t { unset, ok, error };

// Declared once, with static storage.
struct SpanDecl {
  std::string_view name;
  SpanKind kind = SpanKind::internal;
};
struct EventDecl {
  std::string_view name;
};

// Why a trace is kept for export.
enum class KeepReason : uint8_t { none, rate, parent, error, slow, critical, requested };
inline constexpr std::array<std::string_view, 7> keep_reason_names{
    "none", "rate", "parent", "error", "slow", "critical", "requested"};

// The threshold of a trace whose probability is not known: kept for a reason of its own.
inline constexpr uint64_t threshold_unknown = UINT64_MAX;
// The randomness of a trace whose id has it in its low bits.
inline constexpr uint64_t randomness_in_id = UINT64_MAX;

struct TraceHeader {
  uint32_t bytes;        // of the whole record, a multiple of 8
  uint32_t entry_bytes;  // a multiple of 8
  TraceId trace;
  uint64_t threshold;   // kept with probability 1 - threshold / 2^56, or threshold_unknown
  uint64_t randomness;  // rv of tracestate, or randomness_in_id
  int64_t ended_ns;     // monotonic
  uint16_t dropped_spans;
  uint16_t dropped_attributes;
  uint8_t span_count;
  uint8_t flags;  // W3C trace flags
  KeepReason reason;
  bool remote_parent;
};
static_assert(sizeof(TraceHeader) == 56);

// A TraceHeader as it lies in memory, put together in registers: what is copied on as words just
// after it was written must have been written as words, or the processor waits for the stores.
using TraceHeaderWords = std::array<uint64_t, sizeof(TraceHeader) / 8>;
static_assert(std::endian::native == std::endian::little);
constexpr TraceHeaderWords to_words(const TraceHeader& h) {
  return {uint64_t{h.entry_bytes} << 32 | h.bytes,
          h.trace.high,
          h.trace.low,
          h.threshold,
          h.randomness,
          static_cast<uint64_t>(h.ended_ns),
          uint64_t{h.remote_parent} << 56 | uint64_t{static_cast<uint8_t>(h.reason)} << 48 |
              uint64_t{h.flags} << 40 | uint64_t{h.span_count} << 32 |
              uint64_t{h.dropped_attributes} << 16 | h.dropped_spans};
}

inline constexpr int64_t open_end = INT64_MIN;

struct SpanRecord {
  const SpanDecl* decl;
  uint64_t id;       // as in SpanId
  uint64_t parent;   // 0 for a root
  int64_t start_ns;  // monotonic
  int64_t end_ns;    // open_end until it ended
  SpanStatus status;
  bool unended;  // still open when its trace was finished, which then gave it its end
  uint8_t unused[6];
};
static_assert(sizeof(SpanRecord) == 48);

enum class EntryType : uint8_t {
  boolean,
  integer,
  number,
  text,
  status_text,
  event,
  link,
  of_event = 0x80
};

// Written as one word, low byte first.
struct EntryHeader {
  AttributeKey key;
  uint8_t span;
  uint8_t type;
  uint32_t size;
};
static_assert(sizeof(EntryHeader) == 8);

struct EventRecord {
  const EventDecl* decl;
  int64_t time_ns;
};
struct LinkRecord {
  TraceId trace;
  SpanId span;
  uint64_t flags;
};

// An entry, as read.
struct Entry {
  EntryHeader header;
  const char* payload;

  EntryType type() const { return static_cast<EntryType>(header.type & 0x7f); }
  bool of_event() const { return (header.type & 0x80) != 0; }
  bool boolean() const { return header.size != 0; }
  int64_t integer() const { return load<int64_t>(); }
  double number() const { return load<double>(); }
  std::string_view text() const { return {payload, header.size}; }
  EventRecord event() const { return load<EventRecord>(); }
  LinkRecord link() const { return load<LinkRecord>(); }

 private:
  template <class T>
  T load() const {
    T value;
    std::memcpy(&value, payload, sizeof value);
    return value;
  }
};

constexpr uint32_t padded(uint32_t bytes) {
  return (bytes + 7) & ~uint32_t{7};
}

// Calls visit(const Entry&) for each of the entries in `bytes` bytes.
template <class Visit>
void visit_entries(const char* at, uint32_t bytes, Visit visit) {
  for (const char* const end = at + bytes; at < end;) {
    Entry entry{};
    std::memcpy(&entry.header, at, sizeof entry.header);
    entry.payload = at + sizeof(EntryHeader);
    visit(static_cast<const Entry&>(entry));
    const uint32_t size = entry.type() == EntryType::boolean ? 0 : entry.header.size;
    at = entry.payload + padded(size);
  }
}

// Reads a record in place; valid while its bytes are.
class TraceView {
 public:
  explicit TraceView(const void* record) : bytes_(static_cast<const char*>(record)) {}

  TraceHeader header() const { return load<TraceHeader>(0); }
  size_t span_count() const { return header().span_count; }
  SpanRecord span(size_t i) const {
    return load<SpanRecord>(sizeof(TraceHeader) + i * sizeof(SpanRecord));
  }
  uint64_t entry_word(size_t i) const {
    return load<uint64_t>(sizeof(TraceHeader) + span_count() * sizeof(SpanRecord) + i * 8);
  }
  // Calls visit(const Entry&) for every entry in the order of recording.
  template <class Visit>
  void each_entry(Visit visit) const {
    visit_entries(bytes_ + sizeof(TraceHeader) + span_count() * sizeof(SpanRecord),
                  header().entry_bytes, visit);
  }

 private:
  template <class T>
  T load(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }

  const char* bytes_;
};

}  // namespace weir::telemetry

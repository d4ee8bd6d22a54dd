#pragma once
// The record of a trace's local spans: one form in the request's arena, in the flight recorder's
// ring and in the export queue, so that a finished trace is moved by copying bytes. It stays inside
// the process: names are pointers to declarations with static storage.
//
//   TraceHeader | SpanRecord x span_count | entries, entry_bytes long
//
// What nearly every record is, a request served without a child and without a reason to be kept,
// has a short form in the ring, since each cache line that is written there pushes out another:
//
//   bytes u32 | flags u32, the highest bit set | trace id | SpanDecl* | start | end |
//   RequestRecord and its texts
//
//   entry:  key u16 | span u8 | type u8 | size u32 | payload, padded to 8 bytes
//     boolean       size is 0 or 1        no payload
//     integer       int64                 8 bytes
//     number        double                8 bytes
//     text          size bytes            UTF-8 as given, not checked
//     status_text   size bytes            describes the status of the span; key unused
//     event         EventRecord           16 bytes; key unused
//     link          LinkRecord            32 bytes; key unused
//     request       RequestRecord and its texts, see there; key unused
//   `span` is the index of the span it belongs to. With `of_event` set in `type` an attribute
//   belongs to the last event of that span before it.

#include <array>
#include <bit>
#include <cstddef>
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

// The id of a root span that has no parent. It is as good as drawn, as the trace's id is.
constexpr uint64_t root_span_id(TraceId trace) {
  return (trace.high * 0x9e3779b97f4a7c15) | 1;
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
  request,
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

// What every span of a request that was served says, packed into one entry; whoever reads sees
// attributes like all others. Behind it: path, client, site, each padded to 8 bytes.
struct RequestRecord {
  uint16_t status;
  uint16_t path_bytes;
  uint8_t client_bytes;  // 0: nothing is said of the client
  uint8_t site_bytes;    // 0: no site
  uint8_t method;        // of request_methods
  uint8_t flags;

  static constexpr uint8_t secure = 1, hit = 2;
  static constexpr uint8_t malformed = 4;  // nothing is known of its method, scheme and path
};
static_assert(sizeof(RequestRecord) == 8);

// As the conventions spell them; the last is any other.
inline constexpr std::array<std::string_view, 10> request_methods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};

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
  RequestRecord request() const { return load<RequestRecord>(); }

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

// Calls visit(const Entry&) for each of the attributes that are packed into `packed`.
template <class Visit>
void visit_request(const Entry& packed, Visit& visit) {
  const RequestRecord request = packed.request();
  const auto add = [&](AttributeKey key, EntryType type, uint32_t size, const void* payload) {
    const EntryHeader header{key, packed.header.span, static_cast<uint8_t>(type), size};
    visit(Entry{header, static_cast<const char*>(payload)});
  };
  const auto add_text = [&](AttributeKey key, std::string_view text) {
    if (!text.empty()) add(key, EntryType::text, static_cast<uint32_t>(text.size()), text.data());
  };
  const char* const path = packed.payload + sizeof request;
  const char* const client = path + padded(request.path_bytes);
  const char* const site = client + padded(request.client_bytes);
  if ((request.flags & RequestRecord::malformed) == 0) {
    add_text(AttributeKey::http_request_method,
             request_methods[request.method % request_methods.size()]);
    const bool secure = (request.flags & RequestRecord::secure) != 0;
    add_text(AttributeKey::url_scheme, secure ? "https" : "http");
    add(AttributeKey::url_path, EntryType::text, request.path_bytes, path);
  }
  add_text(AttributeKey::client_address, {client, request.client_bytes});
  add_text(AttributeKey::edge_site, {site, request.site_bytes});
  const int64_t status = request.status;
  add(AttributeKey::http_response_status_code, EntryType::integer, sizeof status, &status);
  const bool hit = (request.flags & RequestRecord::hit) != 0;
  add(AttributeKey::cache_hit, EntryType::boolean, hit ? 1 : 0, nullptr);
}

// Calls visit(const Entry&) for each of the entries in `bytes` bytes.
template <class Visit>
void visit_entries(const char* at, uint32_t bytes, Visit visit) {
  for (const char* const end = at + bytes; at < end;) {
    Entry entry{};
    std::memcpy(&entry.header, at, sizeof entry.header);
    entry.payload = at + sizeof(EntryHeader);
    if (entry.type() == EntryType::request)
      visit_request(entry, visit);
    else
      visit(static_cast<const Entry&>(entry));
    const uint32_t size = entry.type() == EntryType::boolean ? 0 : entry.header.size;
    at = entry.payload + padded(size);
  }
}

// The short form.
struct ServedRecord {
  uint32_t bytes;
  uint32_t flags;  // of W3C, and `marker`
  TraceId trace;
  const SpanDecl* decl;
  int64_t start_ns;
  int64_t end_ns;
  // A RequestRecord and its texts follow.

  static constexpr uint32_t marker = uint32_t{1} << 31;
};
static_assert(sizeof(ServedRecord) == 48);
// Where it ended is in the same place.
static_assert(offsetof(ServedRecord, end_ns) == offsetof(TraceHeader, ended_ns));

// Reads a record in place; valid while its bytes are.
class TraceView {
 public:
  explicit TraceView(const void* record) : bytes_(static_cast<const char*>(record)) {}

  TraceHeader header() const {
    if (!is_short()) return load<TraceHeader>(0);
    const auto served = load<ServedRecord>(0);
    return {.bytes = served.bytes,
            .entry_bytes = 0,
            .trace = served.trace,
            .threshold = threshold_unknown,
            .randomness = randomness_in_id,
            .ended_ns = served.end_ns,
            .dropped_spans = 0,
            .dropped_attributes = 0,
            .span_count = 1,
            .flags = static_cast<uint8_t>(served.flags),
            .reason = KeepReason::none,
            .remote_parent = false};
  }
  size_t span_count() const { return header().span_count; }
  SpanRecord span(size_t i) const {
    if (!is_short()) return load<SpanRecord>(sizeof(TraceHeader) + i * sizeof(SpanRecord));
    const auto served = load<ServedRecord>(0);
    return {served.decl, root_span_id(served.trace), 0, served.start_ns, served.end_ns, {}, false,
            {}};
  }
  uint64_t entry_word(size_t i) const {
    return load<uint64_t>(sizeof(TraceHeader) + span_count() * sizeof(SpanRecord) + i * 8);
  }
  // Calls visit(const Entry&) for every entry in the order of recording.
  template <class Visit>
  void each_entry(Visit visit) const {
    if (is_short()) {
      const uint32_t size = header().bytes - uint32_t{sizeof(ServedRecord)};
      const EntryHeader header{{}, 0, static_cast<uint8_t>(EntryType::request), size};
      return visit_request(Entry{header, bytes_ + sizeof(ServedRecord)}, visit);
    }
    visit_entries(bytes_ + sizeof(TraceHeader) + span_count() * sizeof(SpanRecord),
                  header().entry_bytes, visit);
  }

 private:
  bool is_short() const {
    return (load<uint32_t>(offsetof(ServedRecord, flags)) & ServedRecord::marker) != 0;
  }
  template <class T>
  T load(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }

  const char* bytes_;
};

}  // namespace weir::telemetry

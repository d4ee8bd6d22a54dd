#pragma once
// Trace: the local spans of one request until it is answered. Lives in the request's own memory, on
// its shard, and is bounded: 8 spans, 1 KiB of attributes, events and links; what does not fit is
// counted. Where the governor sheds attributes or child spans, there is no room for them. The
// caller gives all times; nothing here reads a clock, allocates or locks.
//
//   Trace trace(tracer, {.context = incoming, .trusted = peer_is_trusted});
//   trace.route(path);
//   const SpanRef root = trace.start(edge_request, now);
//   trace.set(root, AttributeKey::url_path, path);
//   trace.status(root, SpanStatus::error, "origin refused");
//   trace.end(root, now);
//   trace.finish();
//
// finish() copies the spans into the shard's flight recorder, and, if they are to be kept, into the
// export queue. Kept are: what a trusted service asked for; by the strategy of its route what
// failed, was slow or is critical (keep_gate.h holds their ceiling); what the sampling rate says,
// and of a trusted parent, what the parent kept. sampling_settings.h says which strategy does what.
//
// Sampling needs 56 bits that nobody outside has chosen: of our own trace ids and trusted parents'
// they are the id's low bits, of others' they are drawn anew (and travel in tracestate as rv).

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <string_view>

#include "telemetry/tracing.h"

namespace weir::telemetry {

// What came with a request.
struct RemoteParent {
  TraceContext context;
  bool trusted = false;              // its sampled flag, randomness and threshold are believed
  uint64_t randomness = UINT64_MAX;  // rv of tracestate; UINT64_MAX: none
  uint64_t threshold = threshold_unknown;  // th of tracestate
};

// Names a span of its Trace. Spans without room give a reference on which every call does nothing.
struct SpanRef {
  static constexpr uint8_t none = 0xff;
  uint8_t index = none;
  explicit operator bool() const { return index != none; }
};

class Trace {
 public:
  static constexpr size_t spans_max = 8;
  static constexpr size_t entry_bytes_max = 1024;
  static constexpr size_t text_bytes_max = 256;

  // A trace that begins here.
  explicit Trace(Tracer& tracer);
  // One that continues what came with a request, or begins here if that names no trace.
  Trace(Tracer& tracer, const RemoteParent& parent);
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() { finish(); }

  // The path that the request is for: sampling goes by its route. Before the first span.
  void route(std::string_view path) { route_ = tracer_->route_of(path); }
  uint8_t route() const { return route_; }
  // The first span is the local root, with which it is decided whether the trace is sampled; the
  // others are its children, or `parent`'s.
  SpanRef start(const SpanDecl& decl, MonoTime now) { return start(decl, SpanRef{0}, now); }
  SpanRef start(const SpanDecl& decl, SpanRef parent, MonoTime now);
  void end(SpanRef span, MonoTime now) {
    if (!span) return;
    spans_[span.index].end_ns = nanos(now);
    latest_ns_ = std::max(latest_ns_, nanos(now));
  }

  // Records an attribute. Text is copied, at most text_bytes_max bytes of it.
  void set(SpanRef span, AttributeKey key, std::same_as<bool> auto value) {
    add_boolean(span, key, value);
  }
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  void set(SpanRef span, AttributeKey key, Integer value) {
    add_word(span, key, EntryType::integer, static_cast<uint64_t>(value));
  }
  void set(SpanRef span, AttributeKey key, std::floating_point auto value) {
    add_word(span, key, EntryType::number, std::bit_cast<uint64_t>(static_cast<double>(value)));
  }
  void set(SpanRef span, AttributeKey key, std::string_view value) {
    add_text(span, key, EntryType::text, value);
  }
  // Inlined, so that the length of a literal is known.
  [[gnu::always_inline]] void set(SpanRef span, AttributeKey key, const char* value) {
    add_text(span, key, EntryType::text, value);
  }

  // ERROR marks the whole trace as one to keep.
  void status(SpanRef span, SpanStatus status, std::string_view description = {});
  void event(SpanRef span, const EventDecl& decl, MonoTime now);
  // An attribute of the span's last event.
  void set_on_event(SpanRef span, AttributeKey key, std::string_view value) {
    add_text(span, key, of_event(EntryType::text), value);
  }
  void set_on_event(SpanRef span, AttributeKey key, int64_t value) {
    add_word(span, key, of_event(EntryType::integer), static_cast<uint64_t>(value));
  }
  void link(SpanRef span, const TraceContext& context);
  // A trusted service asks for this trace, whatever the rate.
  void keep() { keep_requested_ = true; }
  bool keep_requested() const { return keep_requested_; }

  // What goes to the next service as its parent: the given span of this trace, or, if there was no
  // room for it, the root.
  TraceContext context(SpanRef span) const;
  // Whether it goes on from a valid context that came with the request.
  bool continues() const { return static_cast<bool>(remote_parent_); }
  // Whether the trace is sampled by what was known at its start: what the sampled flag tells. From
  // the first span on, as is threshold().
  bool sampled() const { return sampled_; }
  uint64_t randomness() const { return randomness_; }
  // Whether that is not in the id, so that whoever continues the trace must be told.
  bool drew_randomness() const { return drew_randomness_; }
  uint64_t threshold() const { return threshold_; }
  TraceId id() const { return id_; }

  // Ends what is still open, records and decides. Later calls do nothing.
  void finish();

 private:
  struct Verdict {
    KeepReason reason;
    DropReason drop;
    uint64_t threshold;
  };

  static constexpr EntryType of_event(EntryType type) {
    return static_cast<EntryType>(static_cast<uint8_t>(type) |
                                  static_cast<uint8_t>(EntryType::of_event));
  }
  Trace(Tracer& tracer, ShedStep shedding)
      : tracer_(&tracer),
        shedding_(shedding),
        spans_room_(shedding >= ShedStep::child_spans ? 1 : spans_max),
        entry_words_room_(shedding >= ShedStep::attributes ? 0 : entry_bytes_max / 8) {}
  void begin();
  void adopt(const RemoteParent& parent);
  void decide(MonoTime now);
  int64_t duration_ns() const { return spans_[0].end_ns - spans_[0].start_ns; }
  // Room for an entry with a payload of `words` words, its header written; nullptr: none is left.
  uint64_t* add_entry(SpanRef span, AttributeKey key, EntryType type, uint32_t size,
                      uint32_t words);
  void add_boolean(SpanRef span, AttributeKey key, bool value) {
    add_entry(span, key, EntryType::boolean, value ? 1 : 0, 0);
  }
  void add_word(SpanRef span, AttributeKey key, EntryType type, uint64_t value) {
    if (uint64_t* payload = add_entry(span, key, type, 8, 1)) *payload = value;
  }
  void add_text(SpanRef span, AttributeKey key, EntryType type, std::string_view value);
  template <class Record>
  void add_record(SpanRef span, EntryType type, const Record& record) {
    constexpr auto size = static_cast<uint32_t>(sizeof record);
    if (uint64_t* payload = add_entry(span, {}, type, size, size / 8))
      std::memcpy(payload, &record, sizeof record);
  }
  void end_open_spans();
  Verdict judge();
  // Of a trace that there is a reason to keep.
  Verdict judge_certain(KeepReason reason);
  TraceHeaderWords header(const Verdict& verdict) const;
  uint32_t record_bytes() const {
    return static_cast<uint32_t>(sizeof(TraceHeader) + span_count_ * sizeof(SpanRecord)) +
           entry_words_ * 8;
  }
  void record(const TraceHeaderWords& header);
  void leave(const Verdict& verdict);
  void enqueue(const TraceHeaderWords& header);

  Tracer* tracer_;
  TraceId id_;
  uint64_t randomness_;
  uint64_t threshold_ = threshold_unknown;
  SpanId remote_parent_;
  int64_t latest_ns_ = INT64_MIN;
  uint32_t entry_words_ = 0;
  uint16_t dropped_spans_ = 0;
  uint16_t dropped_attributes_ = 0;
  uint8_t span_count_ = 0;
  uint8_t route_ = 0;
  uint8_t flags_ = TraceContext::random;
  bool sampled_ = false;
  bool follows_parent_ = false;
  bool drew_randomness_ = false;
  bool error_ = false;
  bool keep_requested_ = false;
  bool finished_ = false;
  const ShedStep shedding_;  // what of this trace is left out
  bool rate_shed_ = false;   // the rate would have kept it
  const uint8_t spans_room_;
  const uint32_t entry_words_room_;
  // Not cleared: only what was written is ever read.
  std::array<SpanRecord, spans_max> spans_;
  std::array<uint64_t, entry_bytes_max / 8> entries_;
};

namespace trace_detail {

// Copies 1 to 7 bytes into a word, the rest of which is zero.
inline uint64_t load_tail(const char* from, size_t bytes) {
  if (bytes >= 4) {
    uint32_t first, last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + bytes - 4, 4);
    return first | uint64_t{last} << (8 * (bytes - 4));
  }
  const auto at = [from](size_t i) { return uint64_t{static_cast<unsigned char>(from[i])}; };
  return at(0) | at(bytes / 2) << (8 * (bytes / 2)) | at(bytes - 1) << (8 * (bytes - 1));
}

// Whole words only, so that the ring's loads of words find them stored as such.
inline void copy_padded(uint64_t* to, std::string_view text) {
  const char* from = text.data();
  size_t bytes = text.size();
  for (; bytes >= 8; bytes -= 8, from += 8)
    std::memcpy(to++, from, 8);
  if (bytes != 0) *to = load_tail(from, bytes);
}

}  // namespace trace_detail

inline uint64_t* Trace::add_entry(SpanRef span, AttributeKey key, EntryType type, uint32_t size,
                                  uint32_t words) {
  const uint32_t at = entry_words_;
  if (!span || at + 1 + words > entry_words_room_) [[unlikely]] {
    ++dropped_attributes_;
    return nullptr;
  }
  entries_[at] = static_cast<uint64_t>(key) | uint64_t{span.index} << 16 |
                 uint64_t{static_cast<uint8_t>(type)} << 24 | uint64_t{size} << 32;
  entry_words_ = at + 1 + words;
  return entries_.data() + at + 1;
}

inline void Trace::add_text(SpanRef span, AttributeKey key, EntryType type,
                            std::string_view value) {
  const auto size = static_cast<uint32_t>(std::min(value.size(), text_bytes_max));
  if (uint64_t* payload = add_entry(span, key, type, size, padded(size) / 8))
    trace_detail::copy_padded(payload, value.substr(0, size));
}

}  // namespace weir::telemetry

#pragma once
// Trace: the local spans of one request until it is answered. Lives in the request's own memory, on
// its shard, and is bounded: 8 spans, 1 KiB of attributes, events and links, and what is said of
// its request beside it; what does not fit is counted. Where the governor sheds attributes or child
// spans, there is no room for them. The caller gives all times; nothing here reads a clock,
// allocates or locks.
//
//   Trace trace(tracer, {.context = incoming, .trusted = peer_is_trusted});
//   trace.route(path);
//   const SpanRef root = trace.start(edge_request, now);
//   trace.set(root, AttributeKey::url_path, path);
//   trace.status(root, SpanStatus::error, "origin refused");
//   trace.end(root, now);
//   trace.finish();   // or in place of both: trace.finish(now, served)
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

#include "telemetry/served_request.h"
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
  static constexpr size_t text_bytes_max = ServedLayout::path_bytes_max;

  // A trace that begins here.
  explicit Trace(Tracer& tracer);
  // One that continues what came with a request, or begins here if that names no trace.
  Trace(Tracer& tracer, const RemoteParent& parent);
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() {
    if (!finished_) finish();
  }

  // The path that the request is for: sampling goes by its route. Before the first span; `path`
  // lives until finish().
  void route(std::string_view path) {
    path_ = path;
    route_ = tracer_->route_of(path);
  }
  uint8_t route() const { return static_cast<uint8_t>(route_); }
  // The first span is the local root, with which it is decided whether the trace is sampled; the
  // others are its children, or `parent`'s.
  SpanRef start(const SpanDecl& decl, MonoTime now) { return start(decl, SpanRef{0}, now); }
  SpanRef start(const SpanDecl& decl, SpanRef parent, MonoTime now);
  void end(SpanRef span, MonoTime now) {
    if (span) this->span(span).end_ns = nanos(now);
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
  // ERROR of this span alone: the other side refused what we asked it (4xx), and nothing failed.
  void refused(SpanRef span) {
    if (span) this->span(span).status = SpanStatus::error;
  }
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
  void keep() { marks_ |= requested; }
  bool keep_requested() const { return (marks_ & requested) != 0; }

  // What goes to the next service as its parent: the given span of this trace, or, if there was no
  // room for it, the root. Where no spans are recorded, what came with the request, if anything.
  TraceContext context(SpanRef span) const;
  // Whether the trace is sampled by what was known at its start: what the sampled flag tells. From
  // the first span on, as is threshold().
  bool sampled() const { return (record_.header[counts_word] & sampled_flag) != 0; }
  uint64_t randomness() const {
    return drew_randomness() ? record_.header[randomness_word] : id().low & (randomness_end - 1);
  }
  // Whether that is not in the id, so that whoever continues the trace must be told.
  bool drew_randomness() const { return record_.header[randomness_word] != randomness_in_id; }
  uint64_t threshold() const { return record_.header[threshold_word]; }
  TraceId id() const { return {record_.header[trace_word], record_.header[trace_word + 1]}; }

  // Ends what is still open, records and decides. Later calls do nothing.
  void finish();
  // The same of a request that was served: the local root ends at `now` and says of it all that a
  // span of a server does. What nearly all are, a root alone that nobody has a reason to keep, goes
  // straight to the ring.
  void finish(MonoTime now, const ServedRequest& request);
  // The same where Tracer::end_step() will tell the time. False, without effect, where the decision
  // depends on it, or there is more to say.
  bool finish_with_step(const ServedRequest& request);

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
  // What is known of the trace beside its record.
  enum Mark : uint8_t {
    error = 1,
    requested = 2,       // by a trusted service
    rate_shed = 4,       // the rate would have kept it
    follows_parent = 8,  // decided by a trusted parent
    began_here = 16,     // no parent, and the randomness is in the id
  };
  // Room for spans and for words of entries, by what is shed; copied as one word.
  struct alignas(4) Room {
    uint8_t spans;
    uint8_t entry_words;
    ShedStep shed;
  };
  static constexpr uint8_t entry_words_max = entry_bytes_max / 8;
  // What say() writes, for which there is always room.
  static constexpr size_t served_words_max = 1 + ServedLayout::words_max;
  static constexpr std::array<Room, shed_step_names.size()> rooms{
      Room{spans_max, entry_words_max, ShedStep::none},
      Room{spans_max, entry_words_max, ShedStep::log_events},
      Room{spans_max, entry_words_max, ShedStep::exemplars},
      Room{spans_max, 0, ShedStep::attributes},
      Room{1, 0, ShedStep::child_spans},
      Room{1, 0, ShedStep::sampled_traces}};
  static constexpr Room no_room{0, 0, ShedStep::none};  // where no traces are recorded
  // In the header's words, as to_words() writes them.
  static constexpr size_t trace_word = 1, threshold_word = 3, randomness_word = 4, ended_word = 5,
                          counts_word = 6;
  static constexpr uint64_t one_dropped_span = 1, one_dropped_attribute = uint64_t{1} << 16,
                            one_span = uint64_t{1} << 32, reason_unit = uint64_t{1} << 48,
                            flags_unit = uint64_t{1} << 40, remote_parent_flag = uint64_t{1} << 56;
  static constexpr uint64_t sampled_flag = flags_unit * TraceContext::sampled;
  static_assert(to_words({.dropped_spans = 1,
                          .dropped_attributes = 1,
                          .span_count = 1,
                          .flags = 1,
                          .reason = KeepReason::rate,
                          .remote_parent = true})[counts_word] ==
                one_dropped_span + one_dropped_attribute + one_span + flags_unit + reason_unit +
                    remote_parent_flag);

  Trace(Tracer& tracer, ShedStep shedding)
      : tracer_(&tracer),
        table_number_(tracer.table_number()),
        room_(tracer.records_traces() ? rooms[static_cast<size_t>(shedding)] : no_room) {}
  void begin() {
    const TraceId id = tracer_->make_trace_id();
    begin(id, TraceContext::random, randomness_in_id, root_span_id(id));
    record_.spans[0].parent = 0;
    marks_ = began_here;
  }
  void begin(TraceId id, uint8_t flags, uint64_t randomness, uint64_t span_bits) {
    record_.header[trace_word] = id.high;
    record_.header[trace_word + 1] = id.low;
    record_.header[randomness_word] = randomness;
    record_.header[counts_word] = flags * flags_unit;
    record_.spans[0].id = span_bits | 1;
  }
  void adopt(const RemoteParent& parent);
  // What passes the route's threshold. Rare, and so it leaves the registers of start() alone.
  [[clang::preserve_most, gnu::noinline]] void decide(MonoTime now);
  SpanRecord& span(SpanRef span) { return record_.spans[span ? span.index : 0]; }
  const SpanRecord& span(SpanRef span) const { return record_.spans[span ? span.index : 0]; }
  size_t span_count() const { return (record_.header[counts_word] / one_span) & 0xff; }
  size_t dropped_spans() const { return record_.header[counts_word] & 0xffff; }
  int64_t latest_ns() const { return static_cast<int64_t>(record_.header[ended_word]); }
  int64_t duration_ns() const { return record_.spans[0].end_ns - record_.spans[0].start_ns; }
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
  SpanRef drop_span();
  void count_dropped_attributes(uint64_t count);
  static uint64_t entry_header(SpanRef span, AttributeKey key, EntryType type, uint32_t size) {
    return static_cast<uint64_t>(key) | uint64_t{span.index} << 16 |
           uint64_t{static_cast<uint8_t>(type)} << 24 | uint64_t{size} << 32;
  }
  void find_latest();
  void end_open_spans();
  // Whether nobody can have a reason to keep it, as is so for most.
  bool ordinary(int64_t duration_ns) const {
    const bool counted_apart = sampled() || dropped_spans() != 0;
    return (marks_ & (error | requested | rate_shed)) == 0 && !counted_apart &&
           !tracer_->perhaps_certain(route(), duration_ns);
  }
  Verdict judge();
  // Of a trace that there is a reason to keep.
  Verdict judge_certain(KeepReason reason);
  void judge_and_leave();
  // Whether nobody can have a reason to keep it, and nothing is dropped; of one span.
  bool plain() const {
    constexpr uint64_t told = 0xff * one_span | sampled_flag | (one_dropped_attribute - 1);
    return (record_.header[counts_word] & told) == one_span && ends_ordinarily() &&
           (marks_ & (error | requested | rate_shed)) == 0;
  }
  // Whether a root span says nothing but how its request was served, and is not sampled. Also where
  // attributes are shed: its record costs less than one without them that is not so short.
  bool only_served() const {
    constexpr uint64_t told = one_span + flags_unit * TraceContext::random;
    return record_.header[counts_word] == told && marks_ == began_here && entry_words_ == 0 &&
           record_.spans[0].status == SpanStatus::unset;
  }
  bool ends_ordinarily() const {
    const SpanRecord& root = record_.spans[0];
    return root.end_ns >= root.start_ns && table_number_ == tracer_->table_number() &&
           !tracer_->perhaps_certain(route(), duration_ns());
  }
  // Says of the root how its request was served.
  void say(const ServedRequest& request);
  bool record_served(const ServedRequest& request);
  void finish_any();
  // Completes the header; the record goes to the flight recorder.
  void record(KeepReason reason, uint64_t threshold, size_t spans);
  void leave(const Verdict& verdict);
  void enqueue();

  Tracer* tracer_;
  uint32_t entry_words_ = 0;
  // Not beside smaller ones: read in one with what was just written it would wait for that.
  uint32_t route_ = 0;
  const uint32_t table_number_;  // of the table that `route_` is of
  std::string_view path_;
  uint8_t marks_ = 0;
  bool finished_ = false;
  const Room room_;  // and what of this trace is left out
  // The record but for its entries, kept as it will be copied; until then the threshold is that
  // which the trace began with. Not cleared: only what was written is ever read.
  struct Head {
    TraceHeaderWords header;
    std::array<SpanRecord, spans_max> spans;
    const uint64_t* words() const { return reinterpret_cast<const uint64_t*>(this); }
  } record_;
  static_assert(sizeof(Head) == sizeof(TraceHeader) + spans_max * sizeof(SpanRecord));
  std::array<uint64_t, entry_words_max + served_words_max> entries_;
  static_assert(sizeof(Head) / 8 + entry_words_max + served_words_max <=
                SpanRing::record_words_max);
};

inline uint64_t* Trace::add_entry(SpanRef span, AttributeKey key, EntryType type, uint32_t size,
                                  uint32_t words) {
  const uint32_t at = entry_words_;
  if (!span || at + 1 + words > room_.entry_words) [[unlikely]] {
    count_dropped_attributes(1);
    return nullptr;
  }
  entries_[at] = entry_header(span, key, type, size);
  entry_words_ = at + 1 + words;
  return entries_.data() + at + 1;
}

inline void Trace::add_text(SpanRef span, AttributeKey key, EntryType type,
                            std::string_view value) {
  const auto size = static_cast<uint32_t>(std::min(value.size(), text_bytes_max));
  if (uint64_t* payload = add_entry(span, key, type, size, padded(size) / 8))
    put_text(payload, value.substr(0, size));
}

}  // namespace weir::telemetry

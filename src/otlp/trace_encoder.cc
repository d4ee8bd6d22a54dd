#include "otlp/trace_encoder.h"

#include <optional>

#include "otlp/resource_encoder.h"
#include "otlp/value_encoder.h"
#include "telemetry/threshold.h"
#include "wire/ot_state.h"

namespace weir::otlp {
namespace {

using telemetry::Entry;
using telemetry::EntryType;
using telemetry::SpanRecord;
using telemetry::TraceHeader;
using telemetry::TraceView;
using wire::ProtobufWriter;

// Of Span.flags, above the flags of W3C.
constexpr uint32_t has_is_remote = 0x100;
constexpr uint32_t is_remote = 0x200;

// Room for the lengths of the two messages around the spans, which grow when these end.
constexpr size_t length_bytes_max = 16;

// What tells the probability of being kept, and from which bits it was decided where those are not
// in the trace id.
wire::OtState state_of(const TraceHeader& header) {
  wire::OtState state;
  if (header.threshold < telemetry::randomness_end) state.threshold = header.threshold;
  if (header.randomness != telemetry::randomness_in_id) state.randomness = header.randomness;
  return state;
}

// One trace: what its spans have in common, and the writing of each of them.
class SpanWriter {
 public:
  // `writer` writes to `out`.
  SpanWriter(ProtobufWriter& writer, Buffer& out, const TraceView& trace,
             const telemetry::Tracing& clock)
      : writer_(writer), out_(out), trace_(trace), header_(trace.header()), clock_(clock) {
    wire::append_ot_state(state_, state_of(header_), {});
  }

  void write(size_t index) {
    const SpanRecord span = trace_.span(index);
    const bool root = index == 0;
    write_trace_id(writer_, 1, header_.trace);
    write_span_id(writer_, 2, span.id);
    if (!state_.empty()) {
      const auto tracestate = writer_.begin_message(3);
      out_.append("ot=");
      out_.append(state_.view());
      writer_.end_message(tracestate);
    }
    if (span.parent != 0) write_span_id(writer_, 4, span.parent);
    writer_.bytes(5, span.decl->name);
    writer_.varint(6, static_cast<uint64_t>(span.decl->kind));
    writer_.fixed64(7, time(span.start_ns));
    writer_.fixed64(8, time(span.end_ns));
    write_attributes(index);
    if (root && header_.dropped_attributes != 0) writer_.varint(10, header_.dropped_attributes);
    write_events(index);
    write_links(index);
    write_status(index, span.status);
    writer_.fixed32(
        16, header_.flags | has_is_remote | (root && header_.remote_parent ? is_remote : 0));
  }

 private:
  uint64_t time(int64_t mono_ns) const { return static_cast<uint64_t>(clock_.wall_ns(mono_ns)); }

  template <class Visit>
  void each_of(size_t span, Visit visit) {
    trace_.each_entry([&](const Entry& entry) {
      if (entry.header.span == span) visit(entry);
    });
  }

  void write_attributes(size_t index) {
    each_of(index, [&](const Entry& entry) {
      if (entry.type() < EntryType::status_text && !entry.of_event())
        write_attribute(writer_, 9, entry);
    });
  }

  // An event stays open for the attributes behind it.
  void write_events(size_t index) {
    std::optional<ProtobufWriter::Mark> open;
    each_of(index, [&](const Entry& entry) {
      if (open && entry.of_event()) write_attribute(writer_, 3, entry);
      if (entry.type() != EntryType::event) return;
      if (open) writer_.end_message(*open);
      open = writer_.begin_message(11);
      const telemetry::EventRecord event = entry.event();
      writer_.fixed64(1, time(event.time_ns));
      writer_.bytes(2, event.decl->name);
    });
    if (open) writer_.end_message(*open);
  }

  void write_links(size_t index) {
    each_of(index, [&](const Entry& entry) {
      if (entry.type() != EntryType::link) return;
      const telemetry::LinkRecord link = entry.link();
      const auto message = writer_.begin_message(13);
      write_trace_id(writer_, 1, link.trace);
      write_span_id(writer_, 2, link.span.value);
      if (link.flags != 0) writer_.fixed32(6, static_cast<uint32_t>(link.flags & 0xff));
      writer_.end_message(message);
    });
  }

  // The last description counts.
  void write_status(size_t index, telemetry::SpanStatus status) {
    if (status == telemetry::SpanStatus::unset) return;
    std::string_view text;
    each_of(index, [&](const Entry& entry) {
      if (entry.type() == EntryType::status_text) text = entry.text();
    });
    const auto message = writer_.begin_message(15);
    if (!text.empty() && status == telemetry::SpanStatus::error) write_text(writer_, 2, text);
    writer_.varint(3, static_cast<uint64_t>(status));
    writer_.end_message(message);
  }

  ProtobufWriter& writer_;
  Buffer& out_;
  const TraceView& trace_;
  const TraceHeader header_;
  const telemetry::Tracing& clock_;
  Buffer state_;  // our member of tracestate
};

}  // namespace

TraceEncoder::TraceEncoder(const Resource& resource, const telemetry::Tracing& clock)
    : clock_(clock) {
  append_resource(resource_, resource);
  append_scope(scope_, resource);
}

void TraceEncoder::begin(size_t bytes_max) {
  bytes_max_ = bytes_max;
  out_.clear();
  resource_spans_ = writer_.begin_message(1);
  out_.append(resource_.view());
  scope_spans_ = writer_.begin_message(2);
  out_.append(scope_.view());
}

bool TraceEncoder::add(const TraceView& trace) {
  const size_t before = out_.size();
  SpanWriter spans(writer_, out_, trace, clock_);
  for (size_t i = 0; i < trace.span_count(); ++i) {
    const auto span = writer_.begin_message(2);
    spans.write(i);
    writer_.end_message(span);
  }
  if (out_.size() + length_bytes_max <= bytes_max_) return true;
  out_.truncate(before);
  return false;
}

std::string_view TraceEncoder::end() {
  writer_.end_message(scope_spans_);
  writer_.end_message(resource_spans_);
  return out_.view();
}

}  // namespace weir::otlp

#include "otlp/trace_encoder.h"

#include <array>

#include "otlp/resource_encoder.h"
#include "telemetry/sampler.h"
#include "telemetry/trace.h"
#include "telemetry/utf8.h"

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

template <size_t size>
void write_big_endian(uint64_t value, std::array<char, size>& out, size_t at) {
  for (size_t i = 0; i < 8; ++i)
    out[at + i] = static_cast<char>(value >> (56 - 8 * i));
}

void write_trace_id(ProtobufWriter& writer, uint32_t number, TraceId id) {
  std::array<char, 16> bytes{};
  write_big_endian(id.high, bytes, 0);
  write_big_endian(id.low, bytes, 8);
  writer.bytes(number, {bytes.data(), bytes.size()});
}

void write_span_id(ProtobufWriter& writer, uint32_t number, uint64_t id) {
  std::array<char, 8> bytes{};
  write_big_endian(id, bytes, 0);
  writer.bytes(number, {bytes.data(), bytes.size()});
}

// A receiver refuses a whole request for one text that is not valid.
void write_text(ProtobufWriter& writer, uint32_t number, std::string_view text) {
  if (telemetry::valid_utf8(text)) return writer.bytes(number, text);
  std::array<char, telemetry::Trace::text_bytes_max> buffer;
  writer.bytes(number, telemetry::to_valid_utf8(text, buffer));
}

// Inside a oneof a value is written even if it is the default.
void write_value(ProtobufWriter& writer, const Entry& entry) {
  switch (entry.type()) {
    case EntryType::boolean:
      return writer.varint(2, entry.boolean() ? 1 : 0);
    case EntryType::integer:
      return writer.varint(3, static_cast<uint64_t>(entry.integer()));
    case EntryType::number:
      return writer.float64(4, entry.number());
    default:
      return write_text(writer, 1, entry.text());
  }
}

void write_attribute(ProtobufWriter& writer, uint32_t number, const Entry& entry) {
  const auto pair = writer.begin_message(number);
  writer.bytes(1, telemetry::name_of(entry.header.key));
  const auto value = writer.begin_message(2);
  write_value(writer, entry);
  writer.end_message(value);
  writer.end_message(pair);
}

// What tells the probability of being kept: "ot=th:" and the threshold, without zeros at its end.
class TraceState {
 public:
  explicit TraceState(uint64_t threshold) {
    if (threshold >= telemetry::randomness_end) return;
    size_ = prefix.copy(text_.data(), prefix.size());
    do {
      text_[size_++] = "0123456789abcdef"[threshold >> 52 & 15];
      threshold = threshold << 4 & (telemetry::randomness_end - 1);
    } while (threshold != 0);
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  static constexpr std::string_view prefix = "ot=th:";
  std::array<char, prefix.size() + 14> text_{};
  size_t size_ = 0;
};

// One trace: what its spans have in common, and the writing of each of them.
class SpanWriter {
 public:
  SpanWriter(ProtobufWriter& writer, const TraceView& trace, const telemetry::Tracing& clock)
      : writer_(writer),
        trace_(trace),
        header_(trace.header()),
        clock_(clock),
        state_(header_.threshold) {}

  void write(size_t index) {
    const SpanRecord span = trace_.span(index);
    const bool root = index == 0;
    write_trace_id(writer_, 1, header_.trace);
    write_span_id(writer_, 2, span.id);
    if (!state_.view().empty()) writer_.bytes(3, state_.view());
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
      writer_.fixed32(6, static_cast<uint32_t>(link.flags & 0xff));
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
  const TraceView& trace_;
  const TraceHeader header_;
  const telemetry::Tracing& clock_;
  const TraceState state_;
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
  SpanWriter spans(writer_, trace, clock_);
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

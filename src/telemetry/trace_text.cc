#include "telemetry/trace_text.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace weir::telemetry {

namespace {

// Kept free for what closes the line.
constexpr size_t reserve = 32;
constexpr std::string_view digits = "0123456789abcdef";
constexpr std::array<std::string_view, 3> status_names{"unset", "ok", "error"};

}  // namespace

std::string_view TraceText::write(const TraceView& trace, int64_t wall_offset_ns) {
  size_ = 0;
  cut_ = false;
  const TraceHeader header = trace.header();
  add("{\"trace\":\"");
  add_hex(header.trace.high);
  add_hex(header.trace.low);
  add("\",\"ended\":\"");
  add_time(header.ended_ns + wall_offset_ns);
  add("\",\"duration_us\":");
  add_micros(trace.span_count() > 0 ? trace.span(0).end_ns - trace.span(0).start_ns : 0);
  add(",\"kept\":\"");
  add(keep_reason_names[static_cast<size_t>(header.reason) % keep_reason_names.size()]);
  add("\",\"spans\":[");
  for (size_t i = 0; i < trace.span_count() && !cut_; ++i) {
    const size_t before = size_;
    if (i > 0) add(",");
    add_span(trace, i);
    if (size_ + reserve > text_.size()) cut_ = true;
    if (cut_) size_ = before;
  }
  add(cut_ ? "],\"cut\":true}\n" : "]}\n");
  return {text_.data(), size_};
}

void TraceText::add(std::string_view text) {
  if (text.size() > text_.size() - size_) {
    cut_ = true;
    return;
  }
  size_ += text.copy(text_.data() + size_, text.size());
}

void TraceText::add_string(std::string_view text) {
  add("\"");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      const char escaped[] = {'\\', c};
      add({escaped, 2});
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Bytes as they are, so that what is no valid text can be seen, too.
      const char escaped[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
      add({escaped, 6});
    } else {
      add({&c, 1});
    }
  }
  add("\"");
}

void TraceText::add_hex(uint64_t value) {
  char text[16];
  for (size_t i = 16; i-- > 0; value >>= 4)
    text[i] = digits[value & 15];
  add({text, sizeof text});
}

void TraceText::add_digits(uint64_t value, int count) {
  char text[20];
  for (int i = count; i-- > 0; value /= 10)
    text[i] = static_cast<char>('0' + value % 10);
  add({text, static_cast<size_t>(count)});
}

void TraceText::add_integer(int64_t value) {
  char text[24];
  add({text, std::to_chars(text, text + sizeof text, value).ptr});
}

void TraceText::add_micros(int64_t ns) {
  if (ns < 0) add("-");
  const uint64_t size = ns < 0 ? -static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  add_integer(static_cast<int64_t>(size / 1000));
  if (size % 1000 == 0) return;
  add(".");
  add_digits(size % 1000, 3);
}

void TraceText::add_number(double value) {
  if (!std::isfinite(value)) return add("null");
  char text[32];
  add({text, std::to_chars(text, text + sizeof text, value).ptr});
}

void TraceText::add_time(int64_t wall_ns) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(wall_ns)};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto micros = static_cast<uint64_t>((time - day).count() / 1000);
  add_digits(static_cast<uint64_t>(static_cast<int>(date.year())), 4);
  add("-");
  add_digits(static_cast<unsigned>(date.month()), 2);
  add("-");
  add_digits(static_cast<unsigned>(date.day()), 2);
  add("T");
  add_digits(micros / 3'600'000'000, 2);
  add(":");
  add_digits(micros / 60'000'000 % 60, 2);
  add(":");
  add_digits(micros / 1'000'000 % 60, 2);
  add(".");
  add_digits(micros % 1'000'000, 6);
  add("Z");
}

void TraceText::add_span(const TraceView& trace, size_t index) {
  const SpanRecord span = trace.span(index);
  const int64_t begin_ns = trace.span(0).start_ns;
  add("{\"name\":");
  add_string(span.decl->name);
  add(",\"id\":\"");
  add_hex(span.id);
  add("\"");
  if (span.parent != 0) {
    add(",\"parent\":\"");
    add_hex(span.parent);
    add("\"");
  }
  add(",\"start_us\":");
  add_micros(span.start_ns - begin_ns);
  add(",\"duration_us\":");
  add_micros(span.end_ns - span.start_ns);
  if (span.unended) add(",\"unended\":true");
  if (span.status != SpanStatus::unset) {
    add(",\"status\":\"");
    add(status_names[static_cast<size_t>(span.status) % status_names.size()]);
    add("\"");
  }
  add_attributes(trace, index);
  add_events(trace, index, begin_ns);
  add("}");
}

void TraceText::add_attributes(const TraceView& trace, size_t index) {
  std::string_view why, between = ",\"attributes\":{";
  bool open = false;
  trace.each_entry([&](const Entry& entry) {
    if (entry.header.span != index || entry.of_event()) return;
    if (entry.type() == EntryType::status_text) why = entry.text();
    if (entry.type() >= EntryType::status_text) return;
    add(between);
    add_string(name_of(entry.header.key));
    add(":");
    add_value(entry);
    between = ",";
    open = true;
  });
  if (open) add("}");
  if (why.empty()) return;
  add(",\"why\":");
  add_string(why);
}

void TraceText::add_events(const TraceView& trace, size_t index, int64_t begin_ns) {
  std::string_view between = ",\"events\":[";
  bool open = false;
  trace.each_entry([&](const Entry& entry) {
    if (entry.header.span != index) return;
    if (open && entry.of_event()) {
      add(",");
      add_string(name_of(entry.header.key));
      add(":");
      add_value(entry);
    }
    if (entry.type() != EntryType::event) return;
    if (open) add("}");
    add(between);
    add("{\"name\":");
    add_string(entry.event().decl->name);
    add(",\"at_us\":");
    add_micros(entry.event().time_ns - begin_ns);
    between = ",";
    open = true;
  });
  if (open) add("}]");
}

void TraceText::add_value(const Entry& entry) {
  switch (entry.type()) {
    case EntryType::boolean:
      return add(entry.boolean() ? "true" : "false");
    case EntryType::integer:
      return add_integer(entry.integer());
    case EntryType::number:
      return add_number(entry.number());
    default:
      return add_string(entry.text());
  }
}

}  // namespace weir::telemetry

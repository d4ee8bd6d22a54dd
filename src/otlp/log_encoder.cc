#include "otlp/log_encoder.h"

#include "otlp/resource_encoder.h"
#include "otlp/value_encoder.h"

namespace weir::otlp {
namespace {

using telemetry::LogHeader;
using telemetry::LogLevel;

// Room for the lengths of the two messages around the records, which grow when these end.
constexpr size_t length_bytes_max = 16;

struct Severity {
  uint64_t number;  // SeverityNumber
  std::string_view text;
};
constexpr Severity severity_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return {5, "DEBUG"};
    case LogLevel::info:
      return {9, "INFO"};
    case LogLevel::warning:
      return {13, "WARN"};
    case LogLevel::error:
      break;
  }
  return {17, "ERROR"};
}

}  // namespace

LogEncoder::LogEncoder(const Resource& resource, const telemetry::Tracing& clock) : clock_(clock) {
  append_resource(resource_, resource);
  append_scope(scope_, resource);
}

void LogEncoder::begin(size_t bytes_max) {
  bytes_max_ = bytes_max;
  out_.clear();
  resource_logs_ = writer_.begin_message(1);
  out_.append(resource_.view());
  scope_logs_ = writer_.begin_message(2);
  out_.append(scope_.view());
}

template <class Record>
bool LogEncoder::add_record(const Record& record) {
  const size_t before = out_.size();
  const auto message = writer_.begin_message(2);
  write(record);
  writer_.end_message(message);
  if (out_.size() + length_bytes_max <= bytes_max_) return true;
  out_.truncate(before);
  return false;
}

template bool LogEncoder::add_record(const telemetry::LogView& record);
template bool LogEncoder::add_record(const telemetry::LoggedLine& record);

void LogEncoder::write_head(uint64_t time, LogLevel level, std::string_view body) {
  const Severity severity = severity_of(level);
  writer_.fixed64(1, time);
  writer_.varint(2, severity.number);
  writer_.bytes(3, severity.text);
  const auto value = writer_.begin_message(5);
  write_text(writer_, 1, body);
  writer_.end_message(value);
}

void LogEncoder::write(const telemetry::LoggedLine& line) {
  const auto time = static_cast<uint64_t>(line.wall_ns);
  write_head(time, line.level, line.message);
  write_attribute(writer_, 6, "module", std::string_view(line.module));
  for (const auto& field : line.fields) {
    const auto write_value = [&](const auto& one) {
      write_attribute(writer_, 6, field.first, one);
    };
    std::visit(write_value, field.second);
  }
  writer_.fixed64(11, time);
}

void LogEncoder::write(const telemetry::LogView& record) {
  const LogHeader header = record.header();
  const auto time = static_cast<uint64_t>(clock_.wall_ns(header.time_ns));
  write_head(time, header.decl->level, header.decl->body);
  record.each_attribute([&](const telemetry::Entry& entry) { write_attribute(writer_, 6, entry); });
  if (header.dropped_attributes != 0) writer_.varint(7, header.dropped_attributes);
  if (header.trace) {
    if (header.flags != 0) writer_.fixed32(8, header.flags);
    write_trace_id(writer_, 9, header.trace);
    write_span_id(writer_, 10, header.span.value);
  }
  writer_.fixed64(11, time);
  writer_.bytes(12, header.decl->name);
}

std::string_view LogEncoder::end() {
  writer_.end_message(scope_logs_);
  writer_.end_message(resource_logs_);
  return out_.view();
}

}  // namespace weir::otlp

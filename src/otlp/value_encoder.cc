#include "otlp/value_encoder.h"

#include <array>

#include "telemetry/trace.h"
#include "telemetry/utf8.h"

namespace weir::otlp {
namespace {

using telemetry::Entry;
using telemetry::EntryType;
using wire::ProtobufWriter;

template <size_t size>
void write_big_endian(uint64_t value, std::array<char, size>& out, size_t at) {
  for (size_t i = 0; i < 8; ++i)
    out[at + i] = static_cast<char>(value >> (56 - 8 * i));
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

template <class Write>
void write_pair(ProtobufWriter& writer, uint32_t number, std::string_view key, Write write) {
  const auto pair = writer.begin_message(number);
  writer.bytes(1, key);
  const auto value = writer.begin_message(2);
  write();
  writer.end_message(value);
  writer.end_message(pair);
}

}  // namespace

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

void write_text(ProtobufWriter& writer, uint32_t number, std::string_view text) {
  if (telemetry::valid_utf8(text)) return writer.bytes(number, text);
  std::array<char, telemetry::Trace::text_bytes_max> buffer;
  writer.bytes(number, telemetry::to_valid_utf8(text, buffer));
}

void write_attribute(ProtobufWriter& writer, uint32_t number, const Entry& entry) {
  write_pair(writer, number, telemetry::name_of(entry.header.key),
             [&] { write_value(writer, entry); });
}

void write_attribute(ProtobufWriter& writer, uint32_t number, std::string_view key,
                     std::string_view value) {
  write_pair(writer, number, key, [&] { write_text(writer, 1, value); });
}

void write_attribute(ProtobufWriter& writer, uint32_t number, std::string_view key, int64_t value) {
  write_pair(writer, number, key, [&] { writer.varint(3, static_cast<uint64_t>(value)); });
}

void write_attribute(ProtobufWriter& writer, uint32_t number, std::string_view key, double value) {
  write_pair(writer, number, key, [&] { writer.float64(4, value); });
}

}  // namespace weir::otlp

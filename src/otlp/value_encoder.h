#pragma once
// Ids and attributes, as spans and log records write them.
//
//   KeyValue  1 key   2 AnyValue (1 text   2 bool   3 int   4 double)

#include "telemetry/span_record.h"
#include "wire/protobuf_writer.h"

namespace weir::otlp {

void write_trace_id(wire::ProtobufWriter& writer, uint32_t number, TraceId id);
void write_span_id(wire::ProtobufWriter& writer, uint32_t number, uint64_t id);
// Made valid: a receiver refuses a whole request for one text that is not.
void write_text(wire::ProtobufWriter& writer, uint32_t number, std::string_view text);
// A KeyValue.
void write_attribute(wire::ProtobufWriter& writer, uint32_t number, const telemetry::Entry& entry);
void write_attribute(wire::ProtobufWriter& writer, uint32_t number, std::string_view key,
                     std::string_view value);
void write_attribute(wire::ProtobufWriter& writer, uint32_t number, std::string_view key,
                     int64_t value);
void write_attribute(wire::ProtobufWriter& writer, uint32_t number, std::string_view key,
                     double value);

}  // namespace weir::otlp

#include "otlp/resource_encoder.h"

#include <string>

#include "telemetry/utf8.h"
#include "wire/protobuf_writer.h"

namespace weir::otlp {

void append_resource(Buffer& out, const Resource& resource) {
  wire::ProtobufWriter writer(out);
  const auto message = writer.begin_message(1);
  std::string valid;
  for (const auto& [name, text] : resource.attributes) {
    valid.resize(text.size());
    const auto pair = writer.begin_message(1);
    writer.bytes(1, name);
    const auto value = writer.begin_message(2);
    writer.bytes(1, telemetry::to_valid_utf8(text, valid));
    writer.end_message(value);
    writer.end_message(pair);
  }
  writer.end_message(message);
}

void append_scope(Buffer& out, const Resource& resource) {
  wire::ProtobufWriter writer(out);
  const auto scope = writer.begin_message(1);
  writer.bytes(1, "weir");
  writer.bytes(2, resource.program_version);
  writer.end_message(scope);
}

}  // namespace weir::otlp

#include "wire/proto_file.h"

#include "wire/protobuf_writer.h"

namespace weir::wire {
namespace {

constexpr uint64_t label_optional = 1, label_repeated = 3;

void write_field(ProtobufWriter& out, const ProtoField& field) {
  const auto mark = out.begin_message(2);
  out.bytes(1, field.name);
  out.varint(3, field.number);
  out.varint(4, field.repeated ? label_repeated : label_optional);
  out.varint(5, static_cast<uint64_t>(field.type));
  if (!field.of.empty()) out.bytes(6, field.of);
  if (field.in_oneof) out.varint(9, 0);
  out.end_message(mark);
}

void write_enum(ProtobufWriter& out, const ProtoEnum& declared) {
  if (declared.name.empty()) return;
  const auto mark = out.begin_message(4);
  out.bytes(1, declared.name);
  for (size_t i = 0; i < declared.values.size(); ++i) {
    const auto value = out.begin_message(2);
    out.bytes(1, declared.values[i]);
    out.varint(2, i);
    out.end_message(value);
  }
  out.end_message(mark);
}

void write_entry(ProtobufWriter& out, const ProtoMapEntry& entry) {
  if (entry.name.empty()) return;
  const auto mark = out.begin_message(3);
  out.bytes(1, entry.name);
  write_field(out, {"key", 1});
  write_field(out, {"value", 2, ProtoType::message, entry.of});
  const auto options = out.begin_message(7);
  out.varint(7, 1);  // map_entry
  out.end_message(options);
  out.end_message(mark);
}

void write_message(ProtobufWriter& out, const ProtoMessage& message) {
  const auto mark = out.begin_message(4);
  out.bytes(1, message.name);
  for (const ProtoField& field : message.fields)
    write_field(out, field);
  write_entry(out, message.entry);
  write_enum(out, message.inner);
  if (!message.oneof.empty()) {
    const auto oneof = out.begin_message(8);
    out.bytes(1, message.oneof);
    out.end_message(oneof);
  }
  out.end_message(mark);
}

void write_service(ProtobufWriter& out, const ProtoFile& file) {
  const auto mark = out.begin_message(6);
  out.bytes(1, file.service);
  for (const ProtoMethod& method : file.methods) {
    const auto inner = out.begin_message(2);
    out.bytes(1, method.name);
    out.bytes(2, method.input);
    out.bytes(3, method.output);
    if (method.client_streams) out.varint(5, 1);
    if (method.server_streams) out.varint(6, 1);
    out.end_message(inner);
  }
  out.end_message(mark);
}

// Takes "name" or "name." from the front of `symbol`.
bool take(std::string_view& symbol, std::string_view name) {
  if (!symbol.starts_with(name)) return false;
  symbol.remove_prefix(name.size());
  if (symbol.empty()) return true;
  if (symbol[0] != '.') return false;
  symbol.remove_prefix(1);
  return true;
}

}  // namespace

std::string ProtoFile::service_name() const {
  return std::string(package) + "." + std::string(service);
}

bool ProtoFile::declares(std::string_view symbol) const {
  if (!take(symbol, package) || symbol.empty()) return false;
  std::string_view rest = symbol;
  if (take(rest, service)) {
    for (const ProtoMethod& method : methods)
      if (rest == method.name) return true;
    return rest.empty();
  }
  for (const ProtoMessage& message : messages) {
    rest = symbol;
    if (!take(rest, message.name)) continue;
    return rest.empty() || rest == message.inner.name || rest == message.entry.name;
  }
  return false;
}

std::string ProtoFile::encoded() const {
  Buffer bytes;
  ProtobufWriter out(bytes);
  out.bytes(1, path);
  out.bytes(2, package);
  for (const ProtoMessage& message : messages)
    write_message(out, message);
  write_service(out, *this);
  out.bytes(12, "proto3");
  return std::string(bytes.view());
}

}  // namespace weir::wire

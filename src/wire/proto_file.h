#pragma once
// ProtoFile: what a .proto file says of one gRPC service and its messages, as a table, and as the
// FileDescriptorProto that reflection hands out (google/protobuf/descriptor.proto). Only what our
// services need: proto3, one service, one level of enums inside messages, one oneof and one map a
// message.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire {

// By their numbers in descriptor.proto.
enum class ProtoType : uint8_t {
  int32 = 5,
  string = 9,
  message = 11,
  bytes = 12,
  enumeration = 14
};

struct ProtoField {
  std::string_view name;
  uint32_t number = 0;
  ProtoType type = ProtoType::string;
  std::string_view of = {};  // for messages and enums: ".package.Name"
  bool repeated = false;
  bool in_oneof = false;
};

struct ProtoEnum {
  std::string_view name;                 // empty: none
  std::vector<std::string_view> values;  // numbered from 0
};

// The entries of a field that is a map from strings to messages: the field is a repeated message of
// the type ".package.Message.NameEntry".
struct ProtoMapEntry {
  std::string_view name = {};  // "NameEntry"; empty: there is no map
  std::string_view of = {};    // ".package.Name"
};

struct ProtoMessage {
  std::string_view name;
  std::vector<ProtoField> fields;
  std::string_view oneof = {};  // its name
  ProtoEnum inner = {};
  ProtoMapEntry entry = {};
};

struct ProtoMethod {
  std::string_view name;
  std::string_view input;  // ".package.Name"
  std::string_view output;
  bool client_streams = false;
  bool server_streams = false;
};

struct ProtoFile {
  std::string_view path;     // "grpc/health/v1/health.proto"
  std::string_view package;  // "grpc.health.v1"
  std::string_view service;  // "Health"
  std::vector<ProtoMethod> methods;
  std::vector<ProtoMessage> messages;

  // "grpc.health.v1.Health".
  std::string service_name() const;
  // Whether `symbol`, a full name without a dot in front, is declared here: the service, one of its
  // methods, a message or an enum.
  bool declares(std::string_view symbol) const;
  // Its FileDescriptorProto.
  std::string encoded() const;
};

}  // namespace weir::wire

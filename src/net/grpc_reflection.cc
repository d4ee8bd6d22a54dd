#include "net/grpc_reflection.h"

#include "wire/protobuf_reader.h"
#include "wire/protobuf_writer.h"

namespace weir::net {

using runtime::Task;
using wire::GrpcCode;
using wire::ProtoFile;
using wire::ProtoType;

namespace {

// ServerReflectionRequest: 1 host, and one of these.
enum Request : uint32_t {
  file_by_filename = 3,
  file_containing_symbol = 4,
  file_containing_extension = 5,
  all_extension_numbers_of_type = 6,
  list_services = 7,
};
// ServerReflectionResponse: 1 valid_host   2 original_request, and one of these.
enum Response : uint32_t {
  file_descriptor_response = 4,  // 1 repeated file_descriptor_proto
  list_services_response = 6,    // 1 repeated service (1 name)
  error_response = 7,            // 1 error_code   2 error_message
};

// The names of one version; the table views them.
struct Names {
  explicit Names(std::string_view version)
      : path("grpc/reflection/" + std::string(version) + "/reflection.proto"),
        package("grpc.reflection." + std::string(version)) {}
  std::string of(std::string_view message) const {
    return "." + package + "." + std::string(message);
  }

  const std::string path, package;
  const std::string request = of("ServerReflectionRequest"),
                    response = of("ServerReflectionResponse"), extension = of("ExtensionRequest"),
                    files = of("FileDescriptorResponse"), numbers = of("ExtensionNumberResponse"),
                    services = of("ListServiceResponse"), service = of("ServiceResponse"),
                    error = of("ErrorResponse");
};

std::vector<wire::ProtoMessage> messages(const Names& names) {
  constexpr auto message = ProtoType::message;
  constexpr auto text = ProtoType::string;
  return {{"ServerReflectionRequest",
           {{"host", 1},
            {"file_by_filename", 3, text, "", false, true},
            {"file_containing_symbol", 4, text, "", false, true},
            {"file_containing_extension", 5, message, names.extension, false, true},
            {"all_extension_numbers_of_type", 6, text, "", false, true},
            {"list_services", 7, text, "", false, true}},
           "message_request"},
          {"ExtensionRequest", {{"containing_type", 1}, {"extension_number", 2, ProtoType::int32}}},
          {"ServerReflectionResponse",
           {{"valid_host", 1},
            {"original_request", 2, message, names.request},
            {"file_descriptor_response", 4, message, names.files, false, true},
            {"all_extension_numbers_response", 5, message, names.numbers, false, true},
            {"list_services_response", 6, message, names.services, false, true},
            {"error_response", 7, message, names.error, false, true}},
           "message_response"},
          {"FileDescriptorResponse", {{"file_descriptor_proto", 1, ProtoType::bytes, "", true}}},
          {"ExtensionNumberResponse",
           {{"base_type_name", 1}, {"extension_number", 2, ProtoType::int32, "", true}}},
          {"ListServiceResponse", {{"service", 1, message, names.service, true}}},
          {"ServiceResponse", {{"name", 1}}},
          {"ErrorResponse", {{"error_code", 1, ProtoType::int32}, {"error_message", 2}}}};
}

ProtoFile make_file(const Names& names) {
  return {.path = names.path,
          .package = names.package,
          .service = "ServerReflection",
          .methods = {{"ServerReflectionInfo", names.request, names.response, true, true}},
          .messages = messages(names)};
}

void write_error(wire::ProtobufWriter& out, GrpcCode code, std::string_view why) {
  const auto error = out.begin_message(error_response);
  out.varint(1, static_cast<uint64_t>(code));
  out.bytes(2, why);
  out.end_message(error);
}

void write_file(wire::ProtobufWriter& out, const ProtoFile* file) {
  if (!file) return write_error(out, GrpcCode::not_found, "there is no such symbol or file here");
  const auto found = out.begin_message(file_descriptor_response);
  out.bytes(1, file->encoded());
  out.end_message(found);
}

}  // namespace

const ProtoFile& GrpcReflection::file(Version version) {
  static const Names v1_names("v1"), v1alpha_names("v1alpha");
  static const ProtoFile v1 = make_file(v1_names), v1alpha = make_file(v1alpha_names);
  return version == Version::v1 ? v1 : v1alpha;
}

GrpcReflection::GrpcReflection(Version version, std::vector<const ProtoFile*> files)
    : files_(std::move(files)), name_(file(version).service_name()) {
  files_.push_back(&file(Version::v1));
  files_.push_back(&file(Version::v1alpha));
}

Task<GrpcStatus> GrpcReflection::call(std::string_view method, GrpcExchange& call) {
  if (method != "ServerReflectionInfo")
    co_return GrpcStatus{GrpcCode::unimplemented, "no such method"};
  for (;;) {
    const auto message = co_await call.read();
    if (!message) co_return status_of(message.error());
    if (!*message) co_return GrpcStatus{};
    const std::optional<std::string> said = answer(**message);
    if (!said) co_return GrpcStatus{GrpcCode::internal, "the request is no protobuf message"};
    const Result<> written = co_await call.write(*said);
    if (!written) co_return status_of(written.error());
  }
}

std::optional<std::string> GrpcReflection::answer(std::string_view request) const {
  uint32_t asked = 0;
  std::string_view host, name;
  wire::ProtobufReader reader(request);
  while (reader.next()) {
    if (reader.number() == 1) host = reader.bytes();
    if (reader.number() < file_by_filename || reader.number() > list_services) continue;
    asked = reader.number();
    name = reader.bytes();
  }
  if (reader.malformed()) return std::nullopt;
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  out.bytes(1, host);
  out.bytes(2, request);
  const auto find = [&](auto matches) {
    const auto found = std::ranges::find_if(files_, matches);
    return found == files_.end() ? nullptr : *found;
  };
  if (asked == file_by_filename) {
    write_file(out, find([&](const ProtoFile* each) { return each->path == name; }));
  } else if (asked == file_containing_symbol) {
    write_file(out, find([&](const ProtoFile* each) { return each->declares(name); }));
  } else if (asked == list_services) {
    const auto list = out.begin_message(list_services_response);
    for (const ProtoFile* each : files_) {
      const auto service = out.begin_message(1);
      out.bytes(1, each->service_name());
      out.end_message(service);
    }
    out.end_message(list);
  } else if (asked != 0) {
    write_error(out, GrpcCode::not_found, "no message here has extensions");
  } else {
    write_error(out, GrpcCode::invalid_argument, "the request asks for nothing that we know");
  }
  return std::string(bytes.view());
}

}  // namespace weir::net

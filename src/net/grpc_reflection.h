#pragma once
// GrpcReflection: the service grpc.reflection.v1.ServerReflection (and v1alpha, the same under an
// older name), by which tools such as grpcurl learn which services and messages there are. Belongs
// to one GrpcServer.

#include "net/grpc_server.h"
#include "wire/proto_file.h"

namespace weir::net {

class GrpcReflection final : public GrpcService {
 public:
  enum class Version : uint8_t { v1, v1alpha };

  // `files` are those of the services to speak of, beside itself; they outlive it.
  GrpcReflection(Version version, std::vector<const wire::ProtoFile*> files);

  static const wire::ProtoFile& file(Version version);
  std::string_view name() const override { return name_; }
  runtime::Task<GrpcStatus> call(std::string_view method, GrpcExchange& call) override;

 private:
  // A ServerReflectionResponse to a ServerReflectionRequest; nullopt: it is none.
  std::optional<std::string> answer(std::string_view request) const;

  std::vector<const wire::ProtoFile*> files_;
  std::string name_;
};

}  // namespace weir::net

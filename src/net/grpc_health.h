#pragma once
// GrpcHealth: the service grpc.health.v1.Health, by which callers of gRPC and Kubernetes' probes
// ask whether they should send calls here. Belongs to one GrpcServer.

#include "net/grpc_server.h"
#include "wire/proto_file.h"

namespace weir::net {

class GrpcHealthSource {
 public:
  // By their numbers in health.proto.
  enum class State : uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };
  // Of a service by its full name; of the whole server for "".
  virtual State state_of(std::string_view service) const = 0;
  // Those that it knows; at most GrpcHealth::services_max.
  virtual std::vector<std::string_view> services() const = 0;

 protected:
  ~GrpcHealthSource() = default;
};

class GrpcHealth final : public GrpcService {
 public:
  // How often a Watch looks.
  static constexpr Duration look_interval = milliseconds(500);
  // As health.proto wants List bounded.
  static constexpr size_t services_max = 100;

  // `source` outlives it.
  explicit GrpcHealth(const GrpcHealthSource& source) : source_(source) {}

  static const wire::ProtoFile& file();
  std::string_view name() const override { return "grpc.health.v1.Health"; }
  runtime::Task<GrpcStatus> call(std::string_view method, GrpcExchange& call) override;

 private:
  runtime::Task<GrpcStatus> list(GrpcExchange& call);
  runtime::Task<GrpcStatus> check(GrpcExchange& call, std::string service);
  // Says the state, and again whenever it has changed, until the client or the call's time ends it.
  runtime::Task<GrpcStatus> watch(GrpcExchange& call, std::string service);

  const GrpcHealthSource& source_;
};

}  // namespace weir::net

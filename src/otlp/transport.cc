#include "otlp/transport.h"

#include "otlp/grpc_transport.h"
#include "otlp/http_transport.h"

namespace weir::otlp {

std::unique_ptr<Transport> make_transport(runtime::Shard& shard, TransportParts parts,
                                          const OtlpSettings& settings, std::string_view version,
                                          Signal signal) {
  const std::optional<Endpoint> endpoint = endpoint_of(settings, signal);
  WEIR_ASSERT(endpoint.has_value());
  const RequestHead head{endpoint->target, "weir-otlp-exporter/" + std::string(version),
                         settings.headers};
  if (settings.protocol == Protocol::grpc)
    return std::make_unique<GrpcTransport>(shard, std::move(parts), head);
  return std::make_unique<HttpTransport>(shard, std::move(parts), head);
}

}  // namespace weir::otlp

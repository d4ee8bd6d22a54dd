#pragma once
// GrpcTransport: sends OTLP over gRPC: one unary call for each request, over a channel of its own.

#include <vector>

#include "net/grpc_channel.h"
#include "otlp/transport.h"

namespace weir::otlp {

class GrpcTransport final : public Transport {
 public:
  // `parts.receiver` asks for HTTP/2.
  GrpcTransport(runtime::Shard& shard, TransportParts parts, const RequestHead& head);

  runtime::Task<Result<Reply>> post(Message message, runtime::Wait wait) override;
  runtime::Task<> stop() override { return channel_.stop(); }
  const std::string& authority() const override { return channel_.authority(); }

 private:
  const std::string path_;
  settings::TextMap headers_;  // names in lower case
  std::vector<wire::Field> metadata_;
  net::GrpcChannel channel_;
};

}  // namespace weir::otlp

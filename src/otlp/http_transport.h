#pragma once
// HttpTransport: sends OTLP/HTTP requests with protobuf bodies, over a connection that it keeps.

#include "net/origin_client.h"
#include "otlp/transport.h"

namespace weir::otlp {

class HttpTransport final : public Transport {
 public:
  static constexpr size_t reply_bytes_max = 64 * 1024;

  HttpTransport(runtime::Shard& shard, TransportParts parts, const RequestHead& head);

  // Errors: those of OriginClient::open() and OriginExchange. An answer whose body is torn, or
  // longer than we read, counts by its status.
  runtime::Task<Result<Reply>> post(Message message, runtime::Wait wait) override;
  runtime::Task<> stop() override { return client_.stop(); }
  const std::string& authority() const override { return client_.authority(); }

 private:
  runtime::Task<Result<Reply>> ask(net::OriginExchange& exchange, Message message,
                                   runtime::Wait wait);
  runtime::Task<Result<Reply>> receive(net::OriginExchange& exchange, runtime::Wait wait);
  runtime::Task<Result<>> read_body(net::OriginExchange& exchange, std::string& body,
                                    runtime::Wait wait);

  runtime::Shard& shard_;
  net::OriginClient client_;
  Buffer head_;
};

}  // namespace weir::otlp

#pragma once
// OtlpClient: sends one OTLP/HTTP request and reads its answer. On one shard, one request at a
// time; keeps the connection between requests. Does not retry.

#include <string>

#include "net/origin_client.h"
#include "otlp/otlp_settings.h"

namespace weir::otlp {

struct Reply {
  uint16_t status = 0;
  std::optional<Duration> retry_after;
  std::string body;  // at most OtlpClient::reply_bytes_max
};

struct Message {
  std::string_view body;
  bool gzip = false;
};

class OtlpClient {
 public:
  static constexpr size_t reply_bytes_max = 64 * 1024;

  // `share` is of receiver_of(settings, endpoint). The references outlive it.
  OtlpClient(runtime::Shard& shard, std::shared_ptr<net::OriginShare> share,
             net::Resolver& resolver, telemetry::Recorder& recorder);

  // What every request says: its target and the fields that never change.
  void set_head(std::string_view target, std::string_view version,
                const settings::TextMap& headers);
  // Errors: those of OriginClient::open() and OriginExchange. An answer whose body is torn, or
  // longer than we read, counts by its status.
  runtime::Task<Result<Reply>> post(Message message, runtime::Wait wait);
  runtime::Task<> stop() { return client_.stop(); }

  const std::string& authority() const { return client_.authority(); }

 private:
  runtime::Task<Result<Reply>> ask(net::OriginExchange& exchange, Message message,
                                   runtime::Wait wait);
  runtime::Task<Result<Reply>> receive(net::OriginExchange& exchange, runtime::Wait wait);
  runtime::Task<Result<>> read_body(net::OriginExchange& exchange, Reply& reply,
                                    runtime::Wait wait);

  runtime::Shard& shard_;
  net::OriginClient client_;
  Buffer head_;
};

}  // namespace weir::otlp

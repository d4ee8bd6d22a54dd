#pragma once
// GrpcServer: gRPC calls as an HTTP server gets them: finds the service of each, keeps its deadline
// (grpc-timeout), and ends it with a status. GrpcExchange is one call as its service sees it:
// messages in and out, of any number either way. Over HTTP/2 only. One a handler, on its shard.
// What a call may last beyond its own deadline is http.server.request_timeout.
//
//   if (GrpcServer::is_call(exchange)) co_return co_await grpc.serve(exchange);

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/grpc_reader.h"
#include "net/grpc_status.h"
#include "net/http_exchange.h"
#include "wire/gzip.h"

namespace weir::net {

class GrpcExchange {
 public:
  static constexpr size_t packed_bytes_min = 1024, packed_bytes_max = 64 * 1024;

  // `gzip` outlives it; null: nothing is packed.
  GrpcExchange(HttpExchange& exchange, size_t message_bytes_max, wire::Gzip* gzip)
      : http_(exchange), reader_(message_bytes_max), packer_(gzip) {}

  // The client's next message, unpacked; nullopt when it has said all. Valid until the next call.
  // Errors: limit, invalid (it breaks gRPC's rules), and those of HttpExchange::read_body().
  runtime::Task<Result<std::optional<std::string_view>>> read();
  // The only message of a unary call. Errors: as read(); invalid where there is none or another.
  runtime::Task<Result<std::string>> read_only();
  // Whether the last message came packed.
  bool packed() const { return reader_.packed(); }
  // Whether a message is packed for a client that takes gzip: where it is neither too small to gain
  // nor too large to be packed in one go, or as whoever writes it knows better.
  enum class Packing : uint8_t { by_size, never, always };
  // Sends a message, and before the first one the head. Waits for the client's windows.
  runtime::Task<Result<>> write(std::string_view message, Packing packing = Packing::by_size);

  // Fields for the client, before the first message and behind the last; names in lower case.
  void add_head_field(std::string_view name, std::string_view value);
  void add_trailer(std::string name, std::string value);
  HttpExchange& http() { return http_; }

 private:
  friend class GrpcServer;

  bool accept_encoding();
  bool packs(std::string_view message, Packing packing) const {
    if (packing != Packing::by_size) return packs_ && packing == Packing::always;
    return packs_ && message.size() >= packed_bytes_min && message.size() <= packed_bytes_max;
  }
  void append_head();
  void append_status(const GrpcStatus& status);

  HttpExchange& http_;
  GrpcReader reader_;
  Buffer head_fields_;
  std::vector<std::pair<std::string, std::string>> trailers_;
  wire::Gzip* packer_;
  bool packs_ = false;  // the client takes gzip
  bool head_sent_ = false;
};

class GrpcService {
 public:
  // "grpc.health.v1.Health".
  virtual std::string_view name() const = 0;
  // One call of a method; `unimplemented` where there is no such one.
  virtual runtime::Task<GrpcStatus> call(std::string_view method, GrpcExchange& call) = 0;

 protected:
  ~GrpcService() = default;
};

class GrpcServer {
 public:
  static constexpr size_t message_bytes_max_default = 4 * 1024 * 1024;
  // Fields behind an answer that a service may add.
  static constexpr size_t trailers_max = 16;

  // The services outlive it.
  explicit GrpcServer(std::vector<GrpcService*> services,
                      size_t message_bytes_max = message_bytes_max_default)
      : services_(std::move(services)), message_bytes_max_(message_bytes_max) {}

  static bool is_call(const HttpExchange& exchange);
  // Answers it.
  runtime::Task<> serve(HttpExchange& exchange);
  // Answers it with that, whatever it asks for.
  static void refuse(HttpExchange& exchange, const GrpcStatus& status);

 private:
  runtime::Task<GrpcStatus> run(GrpcExchange& call);

  std::vector<GrpcService*> services_;
  size_t message_bytes_max_;
  wire::Gzip gzip_;  // for one message at a time
};

}  // namespace weir::net

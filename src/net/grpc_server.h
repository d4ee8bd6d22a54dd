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

#include "net/http_exchange.h"
#include "wire/grpc.h"
#include "wire/gzip.h"

namespace weir::net {

struct GrpcStatus {
  wire::GrpcCode code = wire::GrpcCode::ok;
  std::string message = {};  // for people
  std::string details = {};  // a google.rpc.Status in protobuf; empty: none
};
// What a call ends with whose message could not be read or written.
GrpcStatus status_of(const Error& error);

class GrpcExchange {
 public:
  static constexpr size_t packed_bytes_min = 1024, packed_bytes_max = 64 * 1024;

  // `gzip` outlives it; null: nothing is packed.
  GrpcExchange(HttpExchange& exchange, size_t message_bytes_max, wire::Gzip* gzip)
      : http_(exchange),
        messages_(message_bytes_max),
        message_bytes_max_(message_bytes_max),
        packer_(gzip) {}

  // The client's next message, unpacked; nullopt when it has said all. Valid until the next call.
  // Errors: limit, invalid (it breaks gRPC's rules), and those of HttpExchange::read_body().
  runtime::Task<Result<std::optional<std::string_view>>> read();
  // The only message of a unary call. Errors: as read(); invalid where there is none or another.
  runtime::Task<Result<std::string>> read_only();
  // Sends a message, and before the first one the head; packed, where the client takes gzip and the
  // message is neither too small to gain nor too large to be packed in one go. Waits for the
  // client's windows.
  runtime::Task<Result<>> write(std::string_view message);

  // Fields for the client, before the first message and behind the last; names in lower case.
  void add_head_field(std::string_view name, std::string_view value);
  void add_trailer(std::string name, std::string value);
  HttpExchange& http() { return http_; }

 private:
  friend class GrpcServer;

  bool accept_encoding();
  bool packs(std::string_view message) const {
    return packs_ && message.size() >= packed_bytes_min && message.size() <= packed_bytes_max;
  }
  Result<std::string_view> unpack(const wire::GrpcMessages::Message& message);
  void append_head();
  void append_status(const GrpcStatus& status);

  HttpExchange& http_;
  wire::GrpcMessages messages_;
  const size_t message_bytes_max_;
  Buffer unpacked_;
  Buffer head_fields_;
  std::vector<std::pair<std::string, std::string>> trailers_;
  wire::Gzip* packer_;
  bool gzip_ = false;   // what the client says is packed is packed so
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

#pragma once
// GrpcChannel: gRPC calls to one server from one shard, over one HTTP/2 connection, which is made
// when it is first needed and again when it has ended. Calls run at the same time; call() makes
// unary ones, GrpcClientCall any kind (grpc_client_call.h). What a server has not looked at is sent
// once more by itself; whatever else may be repeated is for the caller to know. At most `calls_max`
// are under way at a time; the next is refused. stop() before it dies.

#include <string>

#include "net/grpc_client_call.h"
#include "net/origin_client.h"

namespace weir::net {

// A unary call.
struct GrpcCall {
  std::string_view path;     // "/package.Service/Method"
  std::string_view message;  // as it is sent
  bool gzip = false;         // `message` is packed so
  // Names in lower case; at most GrpcChannel::metadata_max.
  std::span<const wire::Field> metadata;
};

// What the server said, or who answered in its place.
struct GrpcReply {
  wire::GrpcCode code = wire::GrpcCode::unknown;
  std::string message;   // for people; empty when all is well
  std::string details;   // a google.rpc.Status in protobuf; empty: none
  std::string response;  // with `ok`: the message
};

struct GrpcOptions {
  size_t message_bytes_max = 4 * 1024 * 1024;  // of one that comes; unpacked, too
  size_t calls_max = 100;
  Duration connect_timeout = seconds(5);
  Http2ClientTimes times;
  std::string user_agent = "weir";
};

class GrpcChannel {
 public:
  static constexpr size_t metadata_max = 100;

  // `share` is for an origin whose settings ask for HTTP/2. The references outlive it.
  GrpcChannel(runtime::Shard& shard, OriginSharePtr share, Resolver& resolver,
              telemetry::Recorder& recorder, GrpcOptions options);
  ~GrpcChannel();

  // The call's deadline is that of `wait`; the server is told. Whoever bounds calls is the caller.
  // Errors: those of connecting, timed_out, cancelled, overloaded (calls_max), reset (the
  // connection broke), limit (the answer is too large), invalid (it breaks gRPC's rules).
  runtime::Task<Result<GrpcReply>> call(GrpcCall call, runtime::Wait wait);
  // No call is under way.
  runtime::Task<> stop();
  const std::string& authority() const { return client_.authority(); }

 private:
  friend class GrpcClientCall;
  using ConnectionPtr = std::unique_ptr<Http2ClientConnection>;

  // The connection for a new call, made if need be; callers meanwhile wait for the first.
  runtime::Task<Result<Http2ClientConnection*>> connect(runtime::Wait wait);
  // Puts a new one in place of the present one.
  runtime::Task<Result<>> dial(runtime::Wait wait);
  runtime::Task<> dispose(ConnectionPtr connection);
  void retire();

  runtime::Shard& shard_;
  wire::Scheme scheme_;
  OriginClient client_;
  GrpcOptions options_;
  ConnectionPtr current_;
  runtime::Scope disposals_;
  runtime::WaitQueue connected_;
  bool connecting_ = false;
  size_t calls_ = 0;
};

}  // namespace weir::net

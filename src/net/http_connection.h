#pragma once
// HttpConnection: serves one client connection, from accept to close: requests in order, all
// complete ones of a read batch answered with one send; before them the PROXY protocol's header and
// the TLS handshake, where there are any. One that turns out to speak HTTP/2 goes to
// http2_connection.h. Between two requests one in clear may move to the shard on whose core its
// packets arrive: from another core it costs up to half as much again (measured over loopback).
// Lives in the coroutine that runs it. While idle it holds its stream and little else.

#include "net/http_exchange.h"
#include "net/server_metrics.h"

namespace weir::net {

class HttpServer;
class TlsStream;
struct ArrivingConnection;

class HttpConnection {
 public:
  // `arriving.tls`: it begins with a handshake, if the server has a certificate.
  HttpConnection(HttpServer& server, runtime::StreamPtr stream, const ArrivingConnection& arriving);

  // Until the client or we have had enough, or another shard serves it.
  runtime::Task<> run();

 private:
  enum class Next : uint8_t { idle, close, linger, reset };

  // Requests until nothing unread is left.
  runtime::Task<Next> serve_batch(HttpExchange& exchange);
  // A request whose head has been parsed: before and after it is handled.
  void begin_request(HttpExchange& exchange, size_t head_bytes);
  Next end_request(HttpExchange& exchange);
  // Whether a handler that wants the connection to go on has not read all of the body.
  static bool leaves_body(const HttpExchange& exchange);
  // More bytes of a head that is not complete; false when the connection is to end as `next` says.
  runtime::Task<bool> receive_head(HttpExchange& exchange, Next& next);
  runtime::Task<bool> read_proxy_header();
  runtime::Task<bool> accept_tls();
  // Whether what the client sends first says so; then all of it has been received.
  runtime::Task<bool> begins_http2();
  runtime::Task<> serve_http2();
  // The rest of a body that the handler did not want; false when it is too much to wait for.
  runtime::Task<bool> skip_body(HttpExchange& exchange);
  Next reject(HttpExchange& exchange, uint16_t status, const char* reason);
  void begin(HttpExchange& exchange);
  // Moves to where its packets arrive, if there is room; false when it stays.
  runtime::Task<bool> follow_packets();
  runtime::Task<> end(Next how);

  HttpServer& server_;
  runtime::Shard& shard_;
  runtime::StreamPtr stream_;
  InputBuffer input_;
  Address client_;
  MonoTime first_byte_{};
  uint32_t batches_ = 0;  // served
  uint32_t next_look_;    // after so many: where its packets arrive
  bool served_;           // by another shard before
  bool tls_;
  const TlsStream* secure_ = nullptr;  // stream_, where it is one
  bool client_verified_ = false;
};

}  // namespace weir::net

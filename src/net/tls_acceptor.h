#pragma once
// TlsAcceptor: makes TLS connections of accepted ones, on one shard of an HttpServer: within a
// time, few steps a turn (handshake_turns.h), up to handshakes_max at once in the whole process.
// Counts what comes of them. A client that speaks HTTP without TLS is told so.

#include <atomic>
#include <memory>

#include "net/handshake_turns.h"
#include "net/input_buffer.h"
#include "net/tls_metrics.h"
#include "net/tls_server_context.h"
#include "net/tls_stream.h"
#include "runtime/shard.h"

namespace weir::net {

class TlsAcceptor {
 public:
  // The references outlive it. `under_way` counts the handshakes of all shards.
  TlsAcceptor(runtime::Shard& shard, runtime::Scope& scope, std::atomic<uint32_t>& under_way,
              telemetry::Recorder& recorder)
      : shard_(shard), turns_(scope, shard.reactor()), under_way_(under_way), metrics_(recorder) {}

  // For the connections that come from now on; nullptr: they speak no TLS.
  void use(std::shared_ptr<const TlsServerContext> context) { context_ = std::move(context); }
  bool enabled() const { return context_ != nullptr; }

  // The TLS connection inside `raw`, of which `early` has been received already. Null when there is
  // none: it has been counted, and the client told as far as that is possible.
  runtime::Task<std::unique_ptr<TlsStream, runtime::StreamCloser>> accept(runtime::StreamPtr raw,
                                                                          InputBuffer& early);

 private:
  using TlsStreamPtr = std::unique_ptr<TlsStream, runtime::StreamCloser>;

  runtime::Task<TlsStreamPtr> shake_hands(runtime::StreamPtr raw, InputBuffer& early, SslPtr ssl,
                                          MonoTime until);
  runtime::Task<Result<>> receive_first(runtime::Stream& raw, InputBuffer& early, MonoTime until);
  runtime::Task<> refuse_plain_http(runtime::Stream& raw);
  void count_failure(const TlsStream& stream, Error error);

  runtime::Shard& shard_;
  HandshakeTurns turns_;
  std::atomic<uint32_t>& under_way_;
  TlsMetrics metrics_;
  std::shared_ptr<const TlsServerContext> context_;
};

}  // namespace weir::net

#pragma once
// For tests of the client side of gRPC: a channel, and a server whose frames are written by hand.

#include <doctest/doctest.h>

#include "net/grpc_channel.h"
#include "net/http2_peer_kit.h"

namespace weir::net::test {

struct GrpcParts {
  runtime::Shard& shard;
  ScriptedOrigin& server;
  GrpcChannel& channel;

  Wait in(Duration time = seconds(5)) const { return in_time(shard.reactor(), time); }
  Task<Result<GrpcReply>> call(std::string_view message = "x",
                               Duration how_long = seconds(5)) const {
    return channel.call({.path = "/t/call", .message = message}, in(how_long));
  }
};

struct GrpcRun {
  ScriptedOrigin::Script script;
  Task<> (*body)(GrpcParts&);
  GrpcOptions options = {};
  Tuning tuning = nullptr;
};

inline Task<> run_grpc(OneShard& one, const GrpcRun& run) {
  ScriptedOrigin server(one.reactor(), run.script);
  OriginSettings settings = origin_with_defaults(server.url());
  settings.http2.use = Http2Use::on;
  if (run.tuning) run.tuning(settings);
  telemetry::Recorder recorder;
  LiteralResolver resolver;
  GrpcChannel channel(one.shard(), *OriginShare::make(settings, 1), resolver, recorder,
                      run.options);
  GrpcParts parts{one.shard(), server, channel};
  co_await run.body(parts);
  co_await channel.stop();
  co_await server.stop();
}

inline void on_each_reactor(const GrpcRun& run) {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    OneShard one(kind);
    one.run(run_grpc(one, run));
  }
}

}  // namespace weir::net::test

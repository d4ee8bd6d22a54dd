#pragma once
// For the tests of the client side: one shard on each kernel back end, and an origin on loopback
// whose every connection runs a script.

#include <cstdlib>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "net/origin_client.h"
#include "runtime/shard.h"
#include "runtime/socket.h"

namespace weir::net::test {

using runtime::Task;
using runtime::Wait;

inline Result<std::unique_ptr<runtime::Reactor>> make_reactor(runtime::ReactorKind kind) {
  runtime::ReactorOptions options;
  options.kind = kind;
  options.recv_buffers = 64;
  options.recv_buffer_bytes = 4096;
  return runtime::Reactor::make(options, 1);
}

// WEIR_REACTOR=epoll leaves io_uring out, for ThreadSanitizer, which cannot see its ordering.
inline std::vector<runtime::ReactorKind> reactor_kinds() {
  const char* only = std::getenv("WEIR_REACTOR");
  if (only && std::string_view(only) == "epoll") return {runtime::ReactorKind::epoll};
  if (!make_reactor(runtime::ReactorKind::io_uring)) return {runtime::ReactorKind::epoll};
  return {runtime::ReactorKind::io_uring, runtime::ReactorKind::epoll};
}

// One shard without a thread of its own.
class OneShard {
 public:
  explicit OneShard(runtime::ReactorKind kind) : group_(1) {
    auto reactor = make_reactor(kind);
    REQUIRE(reactor.has_value());
    group_.put(0, std::make_unique<runtime::Shard>(0, *std::move(reactor), group_));
  }
  runtime::Shard& shard() { return group_.at(0); }
  runtime::Reactor& reactor() { return shard().reactor(); }

  // Runs `task` to its end, within ten seconds.
  void run(Task<> task) {
    runtime::Scope scope(reactor());
    scope.spawn(std::move(task));
    const MonoTime end = reactor().fresh_now() + seconds(10);
    while (scope.running() > 0 && reactor().fresh_now() < end)
      shard().turn(end);
    REQUIRE(scope.running() == 0);
    for (int i = 0; i < 5; ++i)
      shard().turn(reactor().now());
  }

 private:
  runtime::ShardGroup group_;
};

inline Task<> say(runtime::Stream& stream, std::string_view bytes) {
  iovec parts[1] = {runtime::part(bytes)};
  (void)co_await stream.send(parts, {stream.reactor().now() + seconds(5)});
}

// What has come up to and with `until`; less when the peer ended.
inline Task<std::string> hear(runtime::Stream& stream, std::string_view until) {
  std::string all;
  while (all.find(until) == std::string::npos) {
    Result<runtime::Chunk> chunk = co_await stream.recv({stream.reactor().now() + seconds(5)});
    if (!chunk || chunk->empty()) break;
    all += chunk->view();
  }
  co_return all;
}

inline Task<> pause(runtime::Reactor& reactor, Duration how_long) {
  (void)co_await runtime::sleep(reactor, {reactor.now() + how_long});
}

// Listens on loopback; every connection runs the script, which is given the connection's number.
class ScriptedOrigin {
 public:
  using Script = Task<> (*)(runtime::StreamPtr& stream, int number);

  ScriptedOrigin(runtime::Reactor& reactor, Script script)
      : reactor_(reactor), script_(script), scope_(reactor) {
    fd_ = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 64);
    listener_ = *reactor.listen(fd_);
    scope_.spawn(accept_all());
  }
  Task<> stop() {
    scope_.cancel().request();
    co_await scope_.join();
    listener_.reset();
    ::close(fd_);
  }
  Address address() const { return runtime::local_of(fd_); }
  std::string url(std::string_view scheme = "http") const {
    return std::string(scheme) + "://" + address().to_string();
  }
  int connections() const { return connections_; }

 private:
  Task<> accept_all() {
    for (;;) {
      Result<int> fd = co_await listener_->accept({never, &scope_.cancel()});
      if (!fd) co_return;
      scope_.spawn(serve(reactor_.adopt(*fd), connections_++));
    }
  }
  Task<> serve(runtime::StreamPtr stream, int number) { co_await script_(stream, number); }

  runtime::Reactor& reactor_;
  Script script_;
  runtime::Scope scope_;
  int fd_ = -1;
  std::unique_ptr<runtime::Listener> listener_;
  int connections_ = 0;
};

// Everything that one client needs.
struct ClientOfOrigin {
  ClientOfOrigin(runtime::Shard& shard, OriginSettings settings)
      : share(*OriginShare::make(std::move(settings), 1)),
        client(shard, share, resolver, recorder) {}

  LiteralResolver resolver;
  telemetry::Recorder recorder;
  OriginSharePtr share;
  OriginClient client;
};

struct Answer {
  uint16_t status = 0;
  std::string body;
  bool reused = false;
  std::vector<uint16_t> interim;
};

inline Task<Result<Answer>> read_answer(OriginExchange& exchange, Wait wait,
                                        wire::RequestMethod method = wire::RequestMethod::get) {
  Answer answer;
  answer.reused = exchange.reused();
  Result<wire::ResponseHead*> head = co_await exchange.receive_head(method, wait);
  while (head && (*head)->interim) {
    answer.interim.push_back((*head)->status);
    head = co_await exchange.receive_head(method, wait);
  }
  if (!head) co_return std::unexpected(head.error());
  answer.status = (*head)->status;
  while (!exchange.body().done()) {
    Result<std::string_view> piece = co_await exchange.read(wait);
    if (!piece) co_return std::unexpected(piece.error());
    answer.body += *piece;
  }
  exchange.finish();
  co_return answer;
}

// One GET.
inline Task<Result<Answer>> get(OriginClient& client, Wait wait) {
  Result<std::unique_ptr<OriginExchange>> exchange = co_await client.open(wait);
  if (!exchange) co_return std::unexpected(exchange.error());
  iovec parts[1] = {runtime::part("GET / HTTP/1.1\r\nHost: origin\r\n\r\n")};
  const Result<> sent = co_await (*exchange)->send(parts, wait);
  if (!sent) co_return std::unexpected(sent.error());
  (*exchange)->request_complete();
  co_return co_await read_answer(**exchange, wait);
}

inline Wait in_time(runtime::Reactor& reactor, Duration how_long = seconds(5)) {
  return {reactor.now() + how_long};
}

// Answers every request of the connection with "hello".
inline Task<> hello_script(runtime::StreamPtr& stream, int) {
  for (;;) {
    const std::string request = co_await hear(*stream, "\r\n\r\n");
    if (request.empty()) co_return;
    co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
}

// A case with an origin and a client of it, on each back end.
struct Case {
  runtime::Shard& shard;
  runtime::Reactor& reactor;
  ScriptedOrigin& origin;
  OriginClient& client;
  OriginShare& share;
};
using CaseBody = Task<> (*)(Case&);
using Tuning = void (*)(OriginSettings&);

inline Task<> run_case(OneShard& one, ScriptedOrigin::Script script, CaseBody body, Tuning tuning) {
  ScriptedOrigin origin(one.reactor(), script);
  OriginSettings settings = origin_with_defaults(origin.url());
  if (tuning) tuning(settings);
  ClientOfOrigin client(one.shard(), settings);
  Case all{one.shard(), one.reactor(), origin, client.client, *client.share};
  co_await body(all);
  co_await client.client.stop();
  CHECK(client.share->connections() == 0);
  co_await origin.stop();
}

inline void on_every_reactor(ScriptedOrigin::Script script, CaseBody body,
                             Tuning tuning = nullptr) {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    OneShard one(kind);
    one.run(run_case(one, script, body, tuning));
  }
}

}  // namespace weir::net::test

#include "sim/scripted_origin.h"

#include <array>

#include "runtime/waiter.h"
#include "sim/answer_bytes.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Stream;
using runtime::Task;
using runtime::Wait;

constexpr Duration patience = seconds(120);
constexpr size_t connections_max = 1024;
constexpr size_t piece_bytes_max = 32 << 10;

}  // namespace

struct ScriptedOrigin::Connection {
  Shard& shard;
  Stream& stream;
  MessageReader reader;

  Random& random() { return shard.reactor().random(); }
  Wait at_most(Duration limit) { return {shard.now() + limit, &shard.closing()}; }
};

Task<> ScriptedOrigin::run(Shard& shard) {
  std::unique_ptr<runtime::Listener> listener = *shard.reactor().listen(listener_);
  while (!shard.draining().requested()) {
    Result<int> fd = co_await listener->accept({never, &shard.draining()});
    if (!fd) continue;
    runtime::StreamPtr stream = shard.reactor().adopt(*fd);
    // What is above the bound is closed at once.
    if (shard.background().running() <= connections_max)
      shard.background().spawn(serve(shard, std::move(stream)));
  }
}

Task<> ScriptedOrigin::serve(Shard& shard, runtime::StreamPtr stream) {
  ++watch_.tally.connections;
  Connection connection{shard, *stream, MessageReader(*stream, Duration(0))};
  while (co_await exchange(connection)) {
  }
}

Task<bool> ScriptedOrigin::exchange(Connection& connection) {
  const Result<OriginAsked> request = co_await read_request(connection);
  if (!request) co_return false;
  ++watch_.tally.requests;
  const OriginPlan plan = OriginPlan::draw(connection.random(), mix_);
  if (plan.early) {
    if (!co_await answer(connection, *request, plan)) co_return false;
    co_return co_await read_body(connection, *request);
  }
  if (!co_await read_body(connection, *request)) co_return false;
  co_return co_await answer(connection, *request, plan);
}

Task<Result<OriginAsked>> ScriptedOrigin::read_request(Connection& connection) {
  std::array<wire::Field, 64> storage;
  wire::RequestHead head{std::span(storage)};
  auto parse = [&](std::string_view bytes) { return wire::parse_request_head(bytes, 0, {}, head); };
  const auto spread = static_cast<uint64_t>(mix_.idle_max.count()) / 2;
  const Duration idle = mix_.idle_max - nanoseconds(connection.random().below(spread));
  const Wait wait = connection.at_most(idle);
  WEIR_CO_TRY(const wire::HeadResult result, co_await connection.reader.read_head(parse, wait));
  if (result.malformed()) {
    watch_.violation(std::string("a malformed request: ") + result.reason);
    co_return fail(ErrorCode::invalid, result.reason);
  }
  OriginAsked request = watch_.take_request(head);
  connection.reader.consume(result.bytes);
  co_return request;
}

Task<bool> ScriptedOrigin::read_body(Connection& connection, const OriginAsked& request) {
  const Result<std::string> body =
      co_await connection.reader.read_body(request.framing, connection.at_most(patience));
  if (!body) {
    ++watch_.tally.cut_requests;
    if (body.error().code == ErrorCode::invalid)
      watch_.violation("broken chunks: " + request.target);
    co_return false;
  }
  watch_.take_body(request, *body);
  co_return true;
}

Task<bool> ScriptedOrigin::answer(Connection& connection, const OriginAsked& request,
                                  const OriginPlan& plan) {
  Stream& stream = connection.stream;
  if (plan.kind == OriginPlan::Kind::hang_up) co_return false;
  if (plan.kind == OriginPlan::Kind::silent) {
    (void)co_await stream.recv(connection.at_most(patience));
    co_return false;
  }
  const AnswerFor asked{request.method, request.target, request.secret, request.keep_alive};
  std::string bytes = plan.kind == OriginPlan::Kind::garbage
                          ? garbage_answer(asked, connection.random())
                          : answer_bytes(asked, plan);
  if (plan.cut) bytes.resize(connection.random().below(bytes.size()));
  for (size_t at = 0; at < bytes.size();) {
    const size_t size =
        std::min<size_t>(bytes.size() - at, 1 + connection.random().below(piece_bytes_max));
    iovec parts[1] = {runtime::part(std::string_view(bytes).substr(at, size))};
    if (!co_await stream.send(parts, connection.at_most(patience))) {
      // Where the end of the connection is the end of the body, an orderly one would be a lie.
      stream.abort_on_close();
      co_return false;
    }
    at += size;
    if (plan.pause_max == Duration(0)) continue;
    const auto pause = connection.random().below(static_cast<uint64_t>(plan.pause_max.count()));
    (void)co_await sleep(connection.shard.reactor(), connection.at_most(nanoseconds(pause)));
  }
  if (plan.cut && plan.cut_by_reset) stream.abort_on_close();
  if (plan.cut || plan.kind == OriginPlan::Kind::garbage) co_return false;
  ++watch_.tally.answers;
  co_return plan.keep_alive&& request.keep_alive&& plan.extra_bytes == 0;
}

}  // namespace weir::sim

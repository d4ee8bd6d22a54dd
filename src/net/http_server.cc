#include "net/http_server.h"

#include <unistd.h>

#include "base/units.h"

namespace weir::net {
namespace {

// Exchanges kept for the next request, and how large an output buffer they may keep.
constexpr size_t spare_exchanges_max = 256;
constexpr size_t spare_out_bytes_max = 64 * KiB;
// Room for a small answer from the start: when very many wait for one answer, this is not the
// moment to ask for memory a thousand times.
constexpr size_t answer_bytes = 2 * KiB;
// Without descriptors there is nothing to do but to wait until connections end.
constexpr Duration accept_pause = milliseconds(50);

}  // namespace

HttpServer::HttpServer(runtime::Shard& shard, HttpServerGroup& group, HttpHandler& handler,
                       const HttpServerSettings& settings, telemetry::Recorder& recorder)
    : shard_(shard),
      group_(group),
      handler_(handler),
      metrics_(recorder),
      http2_metrics_(recorder),
      connections_(shard.reactor()),
      tls_(shard, connections_, group.handshakes(), recorder) {
  apply(settings);
  group_.at(shard.index()).store(this, std::memory_order_release);
}

HttpServer::~HttpServer() {
  group_.at(shard_.index()).store(nullptr, std::memory_order_release);
}

void HttpServer::apply(const HttpServerSettings& settings) {
  settings_ = settings;
  head_limits_ = {.line_bytes_max = settings.line_bytes_max,
                  .head_bytes_max = settings.head_bytes_max,
                  .field_bytes_max = settings.field_bytes_max,
                  .fields_max = settings.fields_max};
  proxy_protocol_from_.clear();
  for (const std::string& range : settings.proxy_protocol_from)
    proxy_protocol_from_.push_back(*AddressRange::parse(range));
}

runtime::Task<> HttpServer::run(int listen_fd, int tls_listen_fd) {
  (void)co_await accept(listen_fd, tls_listen_fd);
  co_await finish();
}

runtime::Task<bool> HttpServer::accept(int listen_fd, int tls_listen_fd) {
  runtime::Scope sockets(shard_.reactor());
  if (listen_fd >= 0) sockets.spawn(accept_all(listen_fd, false));
  if (tls_listen_fd >= 0) sockets.spawn(accept_all(tls_listen_fd, true));
  co_await sockets.join();
  co_return group_.accepting().fetch_sub(1) == 1;
}

runtime::Task<> HttpServer::finish() {
  co_await await_other_shards();
  co_await connections_.join();
}

// Shards hear of a drain one after the other: until the last one has, a connection may come from
// it, by mail that is delivered with the turn behind the sleep.
runtime::Task<> HttpServer::await_other_shards() {
  for (bool last = false; !last;) {
    last = group_.accepting().load() == 0;
    if (!co_await runtime::sleep(shard_.reactor(),
                                 {after(shard_.now(), milliseconds(1)), &shard_.closing()}))
      co_return;
  }
}

runtime::Task<> HttpServer::accept_all(int listen_fd, bool tls) {
  Result<std::unique_ptr<runtime::Listener>> listener = shard_.reactor().listen(listen_fd);
  WEIR_ASSERT(listener.has_value());
  const runtime::Wait wait{never, &shard_.draining()};
  for (;;) {
    Result<int> accepted = co_await (*listener)->accept(wait);
    if (accepted) {
      const int core = shard_.reactor().core_of_packets(*accepted);
      hand_over({.fd = *accepted, .tls = tls, .client = {}}, shard_.place_for(core));
      continue;
    }
    if (shard_.draining().requested()) co_return;
    metrics_.no_descriptors.add();
    (void)co_await runtime::sleep(shard_.reactor(),
                                  {after(shard_.now(), accept_pause), wait.cancel});
  }
}

// It counts as the target's from now on: many may come before the target has a look.
void HttpServer::hand_over(const ArrivingConnection& arriving, size_t target) {
  shard_.load_of(target).fetch_add(1, std::memory_order_relaxed);
  if (target == shard_.index()) return adopt(arriving);
  const auto deliver = [&server = group_.at(target), arriving] {
    if (HttpServer* there = server.load(std::memory_order_acquire)) {
      there->adopt(arriving);
    } else {
      ::close(arriving.fd);
    }
  };
  if (shard_.post(target, deliver)) return;
  shard_.load_of(target).fetch_sub(1, std::memory_order_relaxed);
  shard_.load().fetch_add(1, std::memory_order_relaxed);
  adopt(arriving);
}

void HttpServer::move(int fd, const Address& client, size_t target) {
  // Once we drain, the others may no longer wait for what we send them.
  const bool leaves = !shard_.draining().requested();
  if (leaves) metrics_.moved.add();
  group_.connections().fetch_add(1, std::memory_order_relaxed);
  hand_over({.fd = fd, .served = true, .client = client}, leaves ? target : shard_.index());
}

void HttpServer::adopt(const ArrivingConnection& arriving) {
  runtime::StreamPtr stream = shard_.reactor().adopt(arriving.fd);
  if (arriving.served) return connections_.spawn(serve(std::move(stream), arriving));
  metrics_.accepted.add();
  if (group_.connections().fetch_add(1, std::memory_order_relaxed) >= settings_.connections_max) {
    connections_.spawn(turn_away(std::move(stream), arriving.tls));
  } else {
    connections_.spawn(serve(std::move(stream), arriving));
  }
}

runtime::Task<> HttpServer::serve(runtime::StreamPtr stream, ArrivingConnection arriving) {
  metrics_.active.add();
  {
    HttpConnection connection(*this, std::move(stream), arriving);
    co_await connection.run();
  }
  metrics_.active.subtract();
  shard_.load().fetch_sub(1, std::memory_order_relaxed);
  group_.connections().fetch_sub(1, std::memory_order_relaxed);
}

runtime::Task<> HttpServer::turn_away(runtime::StreamPtr stream, bool tls) {
  metrics_.over_limit.add();
  iovec answer = runtime::part(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
      "close\r\n\r\n");
  // A handshake for an answer of this kind would cost more than the request.
  if (!tls || !tls_.enabled())
    (void)co_await stream->send(std::span(&answer, 1),
                                {after(shard_.now(), seconds(1)), &shard_.closing()});
  shard_.load().fetch_sub(1, std::memory_order_relaxed);
  group_.connections().fetch_sub(1, std::memory_order_relaxed);
}

bool HttpServer::expects_proxy_header(const Address& peer) const {
  for (const AddressRange& range : proxy_protocol_from_)
    if (range.contains(peer)) return true;
  return false;
}

HttpExchange& HttpServer::take_exchange() {
  if (spare_.empty()) {
    auto* exchange = new HttpExchange();
    *exchange->out().reserve(answer_bytes) = 0;  // so that its page is there as well
    return *exchange;
  }
  HttpExchange* exchange = spare_.back().release();
  spare_.pop_back();
  return *exchange;
}

void HttpServer::give_back(HttpExchange& exchange) {
  std::unique_ptr<HttpExchange> owned(&exchange);
  // What an aborted answer left must never reach the next client.
  owned->drop_output(spare_out_bytes_max);
  if (spare_.size() >= spare_exchanges_max) return;
  spare_.push_back(std::move(owned));
}

}  // namespace weir::net

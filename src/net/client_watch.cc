#include "net/client_watch.h"

#include <algorithm>

namespace weir::net {
namespace {

// How soon after a probe its answer is looked for, and at most how rarely later.
constexpr Duration first_look = milliseconds(5), longest_look = seconds(1);

}  // namespace

ClientWatch::ClientWatch(HttpExchange& exchange, ClientAbort policy)
    : exchange_(exchange),
      policy_(policy),
      probing_(exchange.reactor()),
      end_hook_(on_end, this),
      closing_hook_(on_closing, this) {
  if (exchange_.shard().closing().requested()) abandoned_.request();
  exchange_.shard().closing().attach(closing_hook_);
  if (policy_ == ClientAbort::ignore) return;
  if (exchange_.stream().end()) {
    client_ended();
  } else {
    ended_.attach(end_hook_);
    exchange_.stream().request_on_end(&ended_);
  }
}

ClientWatch::~ClientWatch() {
  exchange_.stream().request_on_end(nullptr);
}

void ClientWatch::on_closing(void* self) {
  static_cast<ClientWatch*>(self)->abandoned_.request();
}

void ClientWatch::on_end(void* self) {
  static_cast<ClientWatch*>(self)->client_ended();
}

void ClientWatch::client_ended() {
  if (!*exchange_.stream().end() || policy_ == ClientAbort::end) return leave();
  // HTTP/1.0 knows no interim answers.
  if (exchange_.head.minor_version > 0 && !probing_.cancel().requested()) probing_.spawn(probe());
}

void ClientWatch::leave() {
  left_ = true;
  abandoned_.request();
}

runtime::Task<> ClientWatch::probe() {
  bool probed = false;
  for (Duration pause = first_look;; pause = std::min(2 * pause, longest_look)) {
    if (exchange_.stream().broken()) co_return leave();
    // While its body is read, the reader sees the end; and what follows the body may be one.
    if (!probed && exchange_.body().done() && exchange_.retractable()) {
      probed = true;
      if (!co_await exchange_.probe_client()) co_return leave();
    }
    const runtime::Wait wait{after(exchange_.shard().now(), pause), &probing_.cancel()};
    if (!co_await runtime::sleep(exchange_.reactor(), wait)) co_return;
  }
}

bool ClientWatch::stop_probing() {
  probing_.cancel().request();
  return probing_.running() == 0;
}

}  // namespace weir::net

#include "edge/upload.h"

#include <array>

#include "edge/forward.h"
#include "wire/http1_chunked.h"

namespace weir::edge {

using runtime::Task;
using wire::BodyFraming;

Task<Result<>> Upload::begin(std::string_view head, std::string_view ready_body) {
  net::HttpExchange& client = request_.exchange;
  if (watch_.abandoned().requested()) abandoned_.request();
  watch_.abandoned().attach(watch_hook_);
  std::array<iovec, 2> parts{runtime::part(head), runtime::part(ready_body)};
  const size_t count = ready_body.empty() ? 1 : 2;
  WEIR_CO_CHECK(
      co_await origin_.send(std::span(parts.data(), count), {client.deadline(), &abandoned_}));
  if (client.body().done()) {
    origin_.request_complete();
    co_return Result<>{};
  }
  // Here and not in run(), so that nobody else sends to the client at the same time.
  if (!co_await client.invite_body()) {
    state_ = State::client_failed;
    abandoned_.request();
    co_return Result<>{};
  }
  state_ = State::running;
  scope_.spawn(run());
  co_return Result<>{};
}

Task<> Upload::run() {
  state_ = co_await pass_on_body();
  if (state_ == State::client_failed || state_ == State::too_large) abandoned_.request();
}

Task<Upload::State> Upload::pass_on_body() {
  net::BodyReader& body = request_.exchange.body();
  for (;;) {
    Result<std::string_view> piece = co_await read();
    if (!piece) {
      client_error_ = piece.error();
      co_return State::client_failed;
    }
    if (body.bytes() > request_.site->body_bytes_max) co_return State::too_large;
    if (piece->empty()) break;
    if (!co_await pass_on(*piece)) co_return State::origin_failed;
  }
  if (!co_await pass_on_end()) co_return State::origin_failed;
  origin_.request_complete();
  co_return State::done;
}

// In a call of gRPC either side may be silent.
Task<Result<std::string_view>> Upload::read() {
  net::HttpExchange& client = request_.exchange;
  return origin_.silence_allowed() ? client.await_body(&scope_.cancel())
                                   : client.read_body(&scope_.cancel());
}

Task<Result<>> Upload::pass_on(std::string_view piece) {
  const runtime::Wait wait{request_.exchange.deadline(), &scope_.cancel()};
  if (request_.exchange.body().framing().kind != BodyFraming::Kind::chunked) {
    iovec part = runtime::part(piece);
    co_return co_await origin_.send(std::span(&part, 1), wait);
  }
  Buffer head;
  wire::append_chunk_head(head, piece.size());
  std::array<iovec, 3> parts{runtime::part(head.view()), runtime::part(piece),
                             runtime::part("\r\n")};
  co_return co_await origin_.send(parts, wait);
}

Task<Result<>> Upload::pass_on_end() {
  const net::BodyReader& body = request_.exchange.body();
  if (body.framing().kind != BodyFraming::Kind::chunked) co_return Result<>{};
  Buffer end;
  append_end_of_chunks(end, body.trailers(), true);
  iovec part = runtime::part(end.view());
  co_return co_await origin_.send(std::span(&part, 1),
                                  {request_.exchange.deadline(), &scope_.cancel()});
}

Task<> Upload::end() {
  scope_.cancel().request();
  return scope_.join();
}

}  // namespace weir::edge

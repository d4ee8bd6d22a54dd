#include "edge/deliver.h"

#include <array>

#include "base/units.h"
#include "edge/answers.h"
#include "edge/forward.h"
#include "edge/grpc_call.h"
#include "edge/keep_hint.h"
#include "edge/origin_choice.h"
#include "wire/http1_chunked.h"

namespace weir::edge {
namespace {

using runtime::Task;

// Pieces up to this size join the output buffer; larger ones are sent from where they lie.
constexpr size_t copied_bytes_max = 4 * KiB;
constexpr size_t buffered_bytes_max = 32 * KiB;

// One piece of the body, framed.
Task<Result<>> pass_on(EdgeRequest& request, std::string_view piece, OutFraming framing) {
  Buffer& out = request.out();
  const bool chunked = framing == OutFraming::chunked;
  if (chunked) wire::append_chunk_head(out, piece.size());
  if (piece.size() <= copied_bytes_max && out.size() + piece.size() <= buffered_bytes_max) {
    out.append(piece);
    if (chunked) out.append("\r\n");
    co_return Result<>{};
  }
  const std::array<std::string_view, 2> parts{piece, chunked ? "\r\n" : ""};
  co_return co_await request.exchange.send(parts);
}

// `piece`, and past us the rest of the body, of which nothing has come yet; false: it has to come
// through us.
Task<Result<bool>> relay_body(EdgeRequest& request, net::OriginExchange& origin,
                              std::string_view piece, runtime::Wait wait, bool& origin_failed) {
  const auto relayed = co_await origin.relay_body(request.exchange, piece, wait);
  if (!relayed) co_return false;
  origin_failed = !relayed->source;
  if (!relayed->source) co_return std::unexpected(relayed->source.error());
  if (!relayed->target) co_return std::unexpected(relayed->target.error());
  co_return true;
}

// What comes behind the last of the body.
void end_body(EdgeRequest& request, const net::OriginExchange& origin, const wire::Fields* trailers,
              OutFraming framing) {
  if (trailers) {
    take_keep_hint(request.edge, request.trace, origin, *trailers);
    note_call_status(request, *trailers);
  }
  if (framing != OutFraming::chunked) return;
  const bool wanted = wire::list_contains(request.head().fields, wire::KnownField::te, "trailers");
  append_end_of_chunks(request.out(), trailers, wanted);
}

// The whole body. An error is the origin's when `origin_failed` says so, and the client's
// otherwise.
Task<Result<>> pass_on_body(EdgeRequest& request, net::OriginExchange& origin, OutFraming framing,
                            runtime::Wait wait, bool& origin_failed) {
  net::BodyReader& body = origin.body();
  while (!body.done()) {
    Result<std::string_view> piece = body.read_ready();
    if (piece && body.left() >= net::OriginExchange::relayed_bytes_min) {
      const Result<bool> relayed =
          co_await relay_body(request, origin, *piece, wait, origin_failed);
      if (!relayed) co_return std::unexpected(relayed.error());
      if (*relayed) continue;
    }
    if (piece && piece->empty() && !body.done()) {
      // Nothing more at the moment: what we have goes out before we wait.
      const Result<> sent = request.out().empty() ? Result<>{} : co_await request.exchange.flush();
      if (!sent) co_return std::unexpected(sent.error());
      piece = co_await origin.read(wait);
    }
    if (!piece) {
      origin_failed = true;
      co_return std::unexpected(piece.error());
    }
    if (piece->empty()) continue;
    const Result<> passed = co_await pass_on(request, *piece, framing);
    if (!passed) co_return std::unexpected(passed.error());
  }
  end_body(request, origin, body.trailers(), framing);
  co_return Result<>{};
}

void give_up(EdgeRequest& request, OutFraming framing, Error error, bool origin_failed) {
  request.error = error.text;
  if (!origin_failed) return request.exchange.abort();
  if (request.exchange.retractable()) {
    request.exchange.retract();
    return answer_error(request, status_for(request, error.code), error.text);
  }
  // Between two pieces of the origin's, where a last chunk may follow.
  if (is_late_call(request) && framing == OutFraming::chunked) return end_late_call(request);
  request.exchange.abort();
}

}  // namespace

Task<> deliver(EdgeRequest& request, net::OriginExchange& origin, const wire::ResponseHead& head,
               runtime::Wait wait) {
  const OutFraming framing = framing_for_client(request, head);
  append_client_response(request, head, framing);
  bool origin_failed = false;
  const Result<> passed = co_await pass_on_body(request, origin, framing, wait, origin_failed);
  if (!passed) co_return give_up(request, framing, passed.error(), origin_failed);
  origin.finish();
}

}  // namespace weir::edge

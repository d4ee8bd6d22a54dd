#include "sim/message_reader.h"

#include "runtime/waiter.h"
#include "sim/content.h"

namespace weir::sim {

using runtime::Chunk;
using runtime::Task;
using runtime::Wait;

Task<Result<>> MessageReader::more(Wait wait) {
  runtime::Reactor& reactor = stream_.reactor();
  if (pause_max_ > Duration(0)) {
    const auto pause = reactor.random().below(static_cast<uint64_t>(pause_max_.count()));
    WEIR_CO_CHECK(co_await sleep(reactor, {reactor.now() + nanoseconds(pause), wait.cancel}));
  }
  WEIR_CO_TRY(const Chunk chunk, co_await stream_.recv(wait));
  if (chunk.empty()) co_return fail(ErrorCode::closed, "the stream has ended");
  input_.append(chunk.view());
  co_return Result<>{};
}

Task<Result<std::string>> MessageReader::read_body(wire::BodyFraming framing, Wait wait) {
  using Kind = wire::BodyFraming::Kind;
  trailer_.clear();
  switch (framing.kind) {
    case Kind::none:
      co_return std::string();
    case Kind::content_length:
      co_return co_await read_length(framing.length, wait);
    case Kind::chunked:
      co_return co_await read_chunked(wait);
    case Kind::until_close:
      co_return co_await read_to_end(wait);
  }
  co_return std::string();
}

Task<Result<std::string>> MessageReader::read_length(uint64_t length, Wait wait) {
  if (length > body_bytes_max) co_return fail(ErrorCode::limit, "longer than anything sent here");
  while (input_.size() < length)
    WEIR_CO_CHECK(co_await more(wait));
  std::string body(input_.view().substr(0, length));
  input_.consume(length);
  co_return body;
}

Task<Result<std::string>> MessageReader::read_chunked(Wait wait) {
  using Event = wire::ChunkedDecoder::Event;
  wire::ChunkedDecoder decoder;
  std::string body;
  for (;;) {
    const wire::ChunkedDecoder::Step step = decoder.next(input_.view());
    body += step.data;
    input_.consume(step.consumed);
    if (step.event == Event::malformed) co_return fail(ErrorCode::invalid, decoder.reason());
    if (body.size() > body_bytes_max) co_return fail(ErrorCode::limit, "longer than anything sent");
    if (step.event == Event::need_more) WEIR_CO_CHECK(co_await more(wait));
    if (step.event != Event::done) continue;
    if (const wire::Field* field = decoder.trailers().find(trailer_field)) trailer_ = field->value;
    co_return body;
  }
}

Task<Result<std::string>> MessageReader::read_to_end(Wait wait) {
  Result<> read;
  while ((read = co_await more(wait)) && input_.size() <= body_bytes_max) {
  }
  if (!read && read.error().code != ErrorCode::closed) co_return std::unexpected(read.error());
  std::string body(input_.view());
  input_.clear();
  co_return body;
}

}  // namespace weir::sim

#include "net/grpc_channel.h"

#include "net/bounded_wait.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

GrpcChannel::GrpcChannel(runtime::Shard& shard, OriginSharePtr share, Resolver& resolver,
                         telemetry::Recorder& recorder, GrpcOptions options)
    : shard_(shard),
      scheme_(share->scheme()),
      client_(shard, std::move(share), resolver, recorder),
      options_(std::move(options)),
      disposals_(shard.reactor()),
      connected_(shard.reactor()) {}

GrpcChannel::~GrpcChannel() {
  WEIR_ASSERT(!current_);
}

Task<Result<GrpcReply>> GrpcChannel::call(GrpcCall call, Wait wait) {
  GrpcClientCall asking(*this, {call.path, call.gzip, call.metadata}, wait);
  WEIR_CO_CHECK(co_await asking.write(call.message, call.gzip));
  asking.end_writes();
  WEIR_CO_TRY(const auto message, co_await asking.read());
  GrpcReply reply;
  if (message) {
    reply.response = *message;
    WEIR_CO_TRY(const auto another, co_await asking.read());
    if (another) co_return fail(ErrorCode::invalid, "a unary call was answered twice");
  }
  const GrpcStatus& status = asking.status();
  reply.code = status.code;
  reply.message = status.message;
  reply.details = status.details;
  if (status.code == wire::GrpcCode::ok && !message)
    co_return fail(ErrorCode::invalid, "a unary call was answered without a message");
  co_return reply;
}

Task<Result<Http2ClientConnection*>> GrpcChannel::connect(Wait wait) {
  while (!current_ || !current_->usable()) {
    const Result<> done = connecting_ ? co_await connected_.wait(wait) : co_await dial(wait);
    if (!done) co_return std::unexpected(done.error());
  }
  co_return current_.get();
}

Task<Result<>> GrpcChannel::dial(Wait wait) {
  retire();
  connecting_ = true;
  Result<Dialed> dialed = co_await client_.connect(
      bounded(wait, shard_.now(), options_.connect_timeout), HttpOffer::http2);
  connecting_ = false;
  connected_.wake_all();
  if (!dialed) co_return std::unexpected(dialed.error());
  current_ = std::make_unique<Http2ClientConnection>(shard_, std::move(dialed->stream),
                                                     wire::Http2ClientLimits{}, options_.times);
  current_->start();
  co_return Result<>{};
}

// Calls that are under way on it end there.
void GrpcChannel::retire() {
  if (current_) disposals_.spawn(dispose(std::move(current_)));
}

Task<> GrpcChannel::dispose(ConnectionPtr connection) {
  co_await connection->drained();
  co_await connection->stop();
}

Task<> GrpcChannel::stop() {
  retire();
  co_await disposals_.join();
  co_await client_.stop();
}

}  // namespace weir::net

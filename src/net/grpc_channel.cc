#include "net/grpc_channel.h"

#include "net/bounded_wait.h"
#include "wire/gunzip.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;
using wire::GrpcCode;

// One call on one stream. Lives in the coroutine that waits for it.
struct GrpcChannel::Attempt final : wire::Http2ClientStream {
  Attempt(runtime::Reactor& reactor, Wait wait, wire::Http2ClientSession& of, size_t bytes_max)
      : done(reactor, wait), session(of), messages(bytes_max), response_bytes_max(bytes_max) {}

  void on_head(uint16_t status, const wire::Http2Block& block, bool last) override;
  void on_data(std::string_view bytes) override;
  void on_end(const wire::Http2Block& trailers) override;
  void on_closed(wire::Http2Error why) override {
    closed = true;
    error = why;
    done.wake();
  }
  size_t body_ready() override { return body.size(); }
  bool body_ends() override { return true; }
  void take_body(size_t bytes, Buffer& out) override {
    out.append(body.view().substr(0, bytes));
    body.consume(bytes);
  }
  void read_status(const wire::Http2Block& block);
  Result<> take(const wire::GrpcMessages::Message& message);
  void break_off(Error why);
  Result<GrpcReply> result(bool lost);

  runtime::Waiter done;
  wire::Http2ClientSession& session;
  wire::GrpcMessages messages;
  size_t response_bytes_max;
  uint32_t id = 0;
  Buffer body;
  GrpcReply reply;
  std::optional<Error> broken;  // what is wrong with the answer
  size_t responses = 0;
  uint16_t http_status = 0;
  bool grpc = false;
  bool gzip = false;  // what is said to be compressed is so
  bool has_status = false;
  bool ended = false;
  bool closed = false;
  wire::Http2Error error = wire::Http2Error::no_error;
};

void GrpcChannel::Attempt::on_head(uint16_t status, const wire::Http2Block& block, bool) {
  http_status = status;
  for (size_t i = 0; i < block.count(); ++i) {
    if (block.name(i) == "content-type") grpc = block.value(i).starts_with("application/grpc");
    if (block.name(i) == "grpc-encoding") gzip = block.value(i) == "gzip";
  }
  read_status(block);
}

void GrpcChannel::Attempt::on_data(std::string_view bytes) {
  session.consume(id, bytes.size());
  if (!grpc || broken) return;
  if (const Result<> added = messages.add(bytes); !added) return break_off(added.error());
  while (const auto message = messages.next())
    if (const Result<> taken = take(*message); !taken) return break_off(taken.error());
}

Result<> GrpcChannel::Attempt::take(const wire::GrpcMessages::Message& message) {
  if (responses++ > 0) return fail(ErrorCode::invalid, "a unary call was answered twice");
  if (!message.compressed) {
    reply.response = message.bytes;
    return {};
  }
  if (!gzip) return fail(ErrorCode::invalid, "an answer is compressed in a way that nobody said");
  Buffer unpacked;
  WEIR_CHECK(wire::gunzip(message.bytes, response_bytes_max, unpacked));
  reply.response = unpacked.view();
  return {};
}

// Nothing that comes now can make the answer right.
void GrpcChannel::Attempt::break_off(Error why) {
  broken = why;
  done.wake();
}

void GrpcChannel::Attempt::on_end(const wire::Http2Block& trailers) {
  ended = true;
  read_status(trailers);
  // Where the server answers before it has read the call, the stream is still open.
  done.wake();
}

void GrpcChannel::Attempt::read_status(const wire::Http2Block& block) {
  for (size_t i = 0; i < block.count(); ++i) {
    const std::string_view name = block.name(i), value = block.value(i);
    if (name == "grpc-status") {
      has_status = true;
      reply.code = wire::parse_grpc_status(value);
    } else if (name == "grpc-message") {
      reply.message = wire::parse_grpc_message(value);
    } else if (name == "grpc-status-details-bin") {
      reply.details = wire::parse_grpc_binary(value).value_or("");
    }
  }
}

Result<GrpcReply> GrpcChannel::Attempt::result(bool lost) {
  if (broken) return std::unexpected(*broken);
  if (!ended && lost) return fail(ErrorCode::reset, "the connection was lost");
  if (!ended) {
    reply.code = wire::grpc_code_of_reset(error);
    reply.message = "the call's stream was reset";
    return std::move(reply);
  }
  if (!has_status) {
    // Somebody on the way answered.
    reply.code = wire::grpc_code_of_http(http_status);
    reply.message = "HTTP status " + std::to_string(http_status);
    return std::move(reply);
  }
  if (reply.code != GrpcCode::ok) return std::move(reply);
  if (responses != 1 || !messages.empty())
    return fail(ErrorCode::invalid, "a unary call was not answered with one message");
  return std::move(reply);
}

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
  if (calls_ >= options_.calls_max)
    co_return fail(ErrorCode::overloaded, "too many calls to one server are under way");
  ++calls_;
  bool again = false;
  Result<GrpcReply> reply = co_await attempt(call, wait, again);
  if (again) reply = co_await attempt(call, wait, again);
  --calls_;
  co_return reply;
}

Task<Result<GrpcReply>> GrpcChannel::attempt(const GrpcCall& call, Wait wait, bool& again) {
  again = false;
  Result<Http2ClientConnection*> connection = co_await connect(wait);
  if (!connection) co_return std::unexpected(connection.error());
  Http2ClientConnection& over = **connection;
  Attempt asking(shard_.reactor(), wait, over.session(), options_.response_bytes_max);
  wire::append_grpc_head(asking.body, call.gzip, call.message.size());
  asking.body.append(call.message);
  Buffer timeout;
  wire::append_grpc_timeout(timeout, wait.until - shard_.now());
  std::vector<wire::Field> fields{{":method", "POST"},
                                  {":scheme", scheme_ == wire::Scheme::https ? "https" : "http"},
                                  {":path", call.path},
                                  {":authority", client_.authority()},
                                  {"te", "trailers"},
                                  {"content-type", "application/grpc"},
                                  {"grpc-accept-encoding", "gzip"},
                                  {"user-agent", options_.user_agent}};
  if (wait.until != never) fields.push_back({"grpc-timeout", timeout.view()});
  if (call.gzip) fields.push_back({"grpc-encoding", "gzip"});
  WEIR_ASSERT(call.metadata.size() <= metadata_max);
  fields.insert(fields.end(), call.metadata.begin(), call.metadata.end());
  over.enter();
  const std::optional<uint32_t> id = over.request(fields, false, asking);
  if (!id) {
    over.leave();
    again = true;
    co_return fail(ErrorCode::closed, "the server takes no more calls on this connection");
  }
  asking.id = *id;
  const Result<> done = co_await asking.done;
  over.leave();
  if (!asking.closed) over.drop(*id);
  if (!asking.closed && !asking.ended && !asking.broken) co_return std::unexpected(done.error());
  again = asking.closed && asking.error == wire::Http2Error::refused_stream;
  co_return asking.result(over.ended());
}

Task<Result<Http2ClientConnection*>> GrpcChannel::connect(Wait wait) {
  while (!current_ || !current_->usable()) {
    if (connecting_) {
      WEIR_CO_CHECK(co_await connected_.wait(wait));
      continue;
    }
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
  }
  co_return current_.get();
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

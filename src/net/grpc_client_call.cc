#include "net/grpc_client_call.h"

#include "net/grpc_channel.h"

namespace weir::net {

using runtime::Task;
using wire::GrpcCode;
using wire::Http2Error;

GrpcClientCall::GrpcClientCall(GrpcChannel& channel, const GrpcCallHead& head, runtime::Wait wait)
    : channel_(channel),
      head_(head),
      wait_(wait),
      news_(channel.shard_.reactor()),
      room_(channel.shard_.reactor()),
      reader_(channel.options_.message_bytes_max) {
  WEIR_ASSERT(head.metadata.size() <= GrpcChannel::metadata_max);
}

GrpcClientCall::~GrpcClientCall() {
  WEIR_ASSERT(news_.empty() && room_.empty() && !opening_);
  let_go();
  if (counted_) --channel_.calls_;
}

Task<Result<>> GrpcClientCall::write(std::string_view message, bool packed) {
  WEIR_ASSERT(!writes_ended_ && (!packed || head_.gzip));
  check_time();
  while (!over() && pending() >= pending_bytes_max)
    WEIR_CO_CHECK(co_await go_on(room_));
  if (failure_) co_return std::unexpected(*failure_);
  if (over()) co_return fail(ErrorCode::closed, "the call is over");
  if (out_.size() >= pending_bytes_max) keep_no_longer();
  wire::append_grpc_head(out_, packed, message.size());
  out_.append(message);
  resume();
  if (!connection_ && !opening_) co_return co_await open();
  co_return Result<>{};
}

void GrpcClientCall::end_writes() {
  writes_ended_ = true;
  resume();
}

Task<Result<std::optional<std::string_view>>> GrpcClientCall::read() {
  check_time();
  return_window(reader_.bytes_taken());
  for (;;) {
    if (failure_) co_return std::unexpected(*failure_);
    const auto message = reader_.next();
    if (!message) co_return give_up(message.error());
    if (*message) co_return message;
    if (!received_.empty()) {
      reader_.add(received_.view());
      received_.clear();
      continue;
    }
    if (over()) co_return end();
    // All that was held has been read, or is a part of a message.
    return_window(owed_window_);
    WEIR_CO_CHECK(co_await go_on(news_));
  }
}

// Where nothing has to be waited for, too.
void GrpcClientCall::check_time() {
  if (over()) return;
  if (wait_.cancel && wait_.cancel->requested())
    (void)give_up({ErrorCode::cancelled, "cancelled"});
  else if (channel_.shard_.now() >= wait_.until)
    (void)give_up({ErrorCode::timed_out, "deadline passed"});
}

// Until there is something for whoever waits in `queue`. Makes the call where nobody has.
Task<Result<>> GrpcClientCall::go_on(runtime::WaitQueue& queue) {
  if (!connection_ && !opening_) co_return co_await open();
  const Result<> woken = co_await queue.wait(wait_);
  if (!woken) co_return give_up(woken.error());
  co_return woken;
}

// How it ended, once all that came has been read.
Result<std::optional<std::string_view>> GrpcClientCall::end() {
  let_go();
  if (!ended_ && lost_) return give_up({ErrorCode::reset, "the connection was lost"});
  // The server keeps the deadline as well, and may be the first to notice that it has passed.
  const bool late = channel_.shard_.now() >= wait_.until;
  if (!ended_ && late && error_ == Http2Error::cancel)
    return give_up({ErrorCode::timed_out, "deadline passed"});
  if (!ended_) {
    status_ = {wire::grpc_code_of_reset(error_), "the call's stream was reset"};
  } else if (!has_status_) {
    // Somebody on the way answered.
    status_ = {wire::grpc_code_of_http(http_status_),
               "HTTP status " + std::to_string(http_status_)};
  } else if (status_.code == GrpcCode::ok && !reader_.empty()) {
    return give_up({ErrorCode::invalid, "the last message is torn"});
  }
  return std::nullopt;
}

// Nothing that comes now is of interest.
std::unexpected<Error> GrpcClientCall::give_up(Error why) {
  if (!failure_) failure_ = why;
  let_go();
  received_.clear();
  news_.wake_all();
  room_.wake_all();
  return std::unexpected(*failure_);
}

void GrpcClientCall::let_go() {
  if (!connection_) return;
  connection_->drop(id_);
  std::exchange(connection_, nullptr)->leave();
}

// --- the request ---

Task<Result<>> GrpcClientCall::open() {
  opening_ = true;
  Result<> opened = co_await connect_and_ask();
  opening_ = false;
  // Whoever gave up meanwhile wants nothing of it.
  if (failure_) opened = std::unexpected(*failure_);
  if (!opened) co_return give_up(opened.error());
  news_.wake_all();
  room_.wake_all();
  co_return opened;
}

Task<Result<>> GrpcClientCall::connect_and_ask() {
  if (!counted_ && channel_.calls_ >= channel_.options_.calls_max)
    co_return fail(ErrorCode::overloaded, "too many calls to one server are under way");
  channel_.calls_ += !std::exchange(counted_, true);
  while (attempts_++ < attempts_max) {
    WEIR_CO_TRY(Http2ClientConnection* const connection, co_await channel_.connect(wait_));
    if (failure_ || ask(*connection)) co_return Result<>{};
  }
  co_return fail(ErrorCode::closed, "the server takes no more calls on this connection");
}

bool GrpcClientCall::ask(Http2ClientConnection& connection) {
  Buffer timeout;
  wire::append_grpc_timeout(timeout, wait_.until - channel_.shard_.now());
  std::vector<wire::Field> fields{
      {":method", "POST"},
      {":scheme", channel_.scheme_ == wire::Scheme::https ? "https" : "http"},
      {":path", head_.path},
      {":authority", channel_.authority()},
      {"te", "trailers"},
      {"content-type", "application/grpc"},
      {"grpc-accept-encoding", "gzip"},
      {"user-agent", channel_.options_.user_agent}};
  if (wait_.until != never) fields.push_back({"grpc-timeout", timeout.view()});
  if (head_.gzip) fields.push_back({"grpc-encoding", "gzip"});
  fields.insert(fields.end(), head_.metadata.begin(), head_.metadata.end());
  connection.enter();
  const std::optional<uint32_t> id = connection.request(fields, false, *this);
  if (!id) {
    connection.leave();
    return false;
  }
  connection_ = &connection;
  id_ = *id;
  return true;
}

size_t GrpcClientCall::body_ready() {
  deferred_ = pending() == 0 && !writes_ended_;
  return pending();
}

void GrpcClientCall::resume() {
  if (connection_ && std::exchange(deferred_, false)) connection_->resume(id_);
}

void GrpcClientCall::take_body(size_t bytes, Buffer& out) {
  out.append(out_.view().substr(sent_, bytes));
  if (held_)
    sent_ += bytes;
  else
    out_.consume(bytes);
  if (out_.empty() && out_.capacity() > pending_bytes_max) out_.release();
  if (pending() < pending_bytes_max) room_.wake_all();
}

void GrpcClientCall::keep_no_longer() {
  held_ = false;
  out_.consume(std::exchange(sent_, 0));
}

// --- the answer ---

void GrpcClientCall::on_head(uint16_t status, const wire::Http2Block& block, bool last) {
  keep_no_longer();
  http_status_ = status;
  for (size_t i = 0; i < block.count(); ++i) {
    if (block.name(i) == "content-type") grpc_ = wire::is_grpc_type(block.value(i));
    if (block.name(i) == "grpc-encoding" && block.value(i) == "gzip") reader_.expect_gzip();
  }
  take_fields(block, last ? trailing_metadata_ : head_metadata_);
}

void GrpcClientCall::on_data(std::string_view bytes) {
  // A reader that is slow holds up its own call and no other one.
  connection_->session().consume(bytes.size());
  owed_window_ += bytes.size();
  if (!grpc_) return return_window(bytes.size());
  received_.append(bytes);
  news_.wake_all();
}

void GrpcClientCall::return_window(size_t bytes) {
  bytes = std::min(bytes, owed_window_);
  owed_window_ -= bytes;
  if (bytes == 0 || !connection_) return;
  connection_->session().consume_of_stream(id_, bytes);
  connection_->wake_writer();
}

void GrpcClientCall::on_end(const wire::Http2Block& trailers) {
  ended_ = true;
  take_fields(trailers, trailing_metadata_);
  // Where the server answers before it has read the call, the stream is still open: end() lets go.
  news_.wake_all();
  room_.wake_all();
}

void GrpcClientCall::on_closed(Http2Error error) {
  lost_ = connection_->ended();
  std::exchange(connection_, nullptr)->leave();
  if (error == Http2Error::refused_stream && held_ && attempts_ < attempts_max) {
    sent_ = 0;  // whoever reads or writes makes the call again
  } else {
    closed_ = true;
    error_ = error;
  }
  news_.wake_all();
  room_.wake_all();
}

void GrpcClientCall::take_fields(const wire::Http2Block& block, Metadata& metadata) {
  for (size_t i = 0; i < block.count(); ++i) {
    const std::string_view name = block.name(i), value = block.value(i);
    if (name == "grpc-status") {
      has_status_ = true;
      status_.code = wire::parse_grpc_status(value);
    } else if (name == "grpc-message") {
      status_.message = wire::parse_grpc_message(value);
    } else if (name == "grpc-status-details-bin") {
      status_.details = wire::parse_grpc_binary(value).value_or("");
    } else if (!name.starts_with(':') && !name.starts_with("grpc-") && name != "content-type") {
      metadata.emplace_back(name, value);
    }
  }
}

}  // namespace weir::net

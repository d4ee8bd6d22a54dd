#pragma once
// GrpcClientCall: one call to a gRPC server, as whoever makes it sees it: messages out and in, of
// any number either way, and the status that ends it. On its channel's shard; the channel outlives
// it. Reading and writing are independent of each other: one read() and one write() at a time. A
// call that dies, is late or is cancelled before its end is cancelled at the server.
//
//   GrpcClientCall call(channel, {.path = "/shop.Shop/Talk"}, wait);
//   write() ...; end_writes()          and beside it, or behind it
//   read() until there is no more; status()
//
// Whoever writes more than the server takes waits, and so does a server that sends more than is
// read: held are at most pending_bytes_max and a message one way, the stream's window and a message
// the other. What the server has not looked at (REFUSED_STREAM, or overtaken by its GOAWAY) is sent
// once more by itself, if all that was written is still held.

#include <span>
#include <utility>
#include <vector>

#include "net/grpc_reader.h"
#include "net/grpc_status.h"
#include "net/http2_client_connection.h"

namespace weir::net {

class GrpcChannel;

// All of it outlives the call.
struct GrpcCallHead {
  std::string_view path;  // "/package.Service/Method"
  bool gzip = false;      // messages may be packed so
  // Names in lower case; at most GrpcChannel::metadata_max.
  std::span<const wire::Field> metadata = {};
};

class GrpcClientCall final : wire::Http2ClientStream {
 public:
  static constexpr size_t pending_bytes_max = 64 * 1024;
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  // The deadline of `wait` is the call's, and the server is told; it and the cancel bound whatever
  // waits here.
  GrpcClientCall(GrpcChannel& channel, const GrpcCallHead& head, runtime::Wait wait);
  ~GrpcClientCall();
  GrpcClientCall(const GrpcClientCall&) = delete;
  GrpcClientCall& operator=(const GrpcClientCall&) = delete;

  // One more message, as it is sent; `packed`: by gzip, which the head allows. The first one makes
  // the call. Errors: those of connecting, overloaded (the channel's calls_max), timed_out,
  // cancelled, closed (the call is over; read() says how).
  runtime::Task<Result<>> write(std::string_view message, bool packed = false);
  // No message follows.
  void end_writes();
  // The server's next message, unpacked, valid until the next call; nullopt: there are no more, and
  // status() says how it ended. Errors: as write(), reset (the connection broke), limit (a message
  // is too large), invalid (the server breaks gRPC's rules).
  runtime::Task<Result<std::optional<std::string_view>>> read();
  const GrpcStatus& status() const { return status_; }
  // Whether the last message came packed.
  bool packed() const { return reader_.packed(); }
  // Of the server, without what belongs to gRPC itself: in front of its messages, and behind them.
  const Metadata& head_metadata() const { return head_metadata_; }
  const Metadata& trailing_metadata() const { return trailing_metadata_; }

 private:
  // The first attempt, and one more.
  static constexpr unsigned attempts_max = 2;

  // --- Http2ClientStream ---
  void on_head(uint16_t status, const wire::Http2Block& block, bool last) override;
  void on_data(std::string_view bytes) override;
  void on_end(const wire::Http2Block& trailers) override;
  void on_closed(wire::Http2Error error) override;
  size_t body_ready() override;
  bool body_ends() override { return writes_ended_; }
  void take_body(size_t bytes, Buffer& out) override;

  runtime::Task<Result<>> open();
  runtime::Task<Result<>> connect_and_ask();
  bool ask(Http2ClientConnection& connection);
  void check_time();
  runtime::Task<Result<>> go_on(runtime::WaitQueue& queue);
  Result<std::optional<std::string_view>> end();
  std::unexpected<Error> give_up(Error why);
  void let_go();
  void take_fields(const wire::Http2Block& block, Metadata& metadata);
  void return_window(size_t bytes);
  void keep_no_longer();
  void resume();
  bool over() const { return failure_ || ended_ || closed_; }
  size_t pending() const { return out_.size() - sent_; }

  GrpcChannel& channel_;
  const GrpcCallHead head_;
  const runtime::Wait wait_;
  Http2ClientConnection* connection_ = nullptr;  // while a stream of it is ours
  uint32_t id_ = 0;
  unsigned attempts_ = 0;
  bool opening_ = false;
  bool counted_ = false;          // among the channel's calls
  std::optional<Error> failure_;  // why nothing can be made of it any more
  runtime::WaitQueue news_;       // the reader
  runtime::WaitQueue room_;       // the writer

  // What is written: of `out_`, the first `sent_` bytes have been sent and are held all the same.
  Buffer out_;
  size_t sent_ = 0;
  bool held_ = true;
  bool writes_ended_ = false;
  bool deferred_ = false;  // the session waits for resume()

  // What is read.
  Buffer received_;
  GrpcReader reader_;
  size_t owed_window_ = 0;  // bytes that have come and were not given back
  Metadata head_metadata_;
  Metadata trailing_metadata_;
  GrpcStatus status_;
  uint16_t http_status_ = 0;
  bool grpc_ = false;
  bool has_status_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool lost_ = false;
  wire::Http2Error error_ = wire::Http2Error::no_error;
};

}  // namespace weir::net

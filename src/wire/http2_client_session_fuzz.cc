// The client's side of HTTP/2, and behind it the reader of gRPC's messages and the answer as one of
// HTTP/1.1: whatever a server says, it is read the same in one piece and in two, what is handed out
// keeps the rules, nothing that follows a head can be taken for a part of it, and what a server can
// make us send is bounded by what it sent.
#include <array>
#include <string>

#include "base/assert.h"
#include "wire/grpc.h"
#include "wire/http1_response.h"
#include "wire/http2_as_http1.h"
#include "wire/http2_client_session.h"

namespace weir::wire {
namespace {

constexpr Http2ClientLimits limits{.window_bytes = 1000,
                                   .connection_window_bytes = 70'000,
                                   .head_bytes_max = 2000,
                                   .continuations_max = 4};
constexpr size_t body_bytes = 300;
constexpr size_t message_bytes_max = 200;

// One call: checks what it is told and writes it down.
struct Call final : Http2ClientStream {
  void on_interim(uint16_t status, const Http2Block& block) override {
    WEIR_ASSERT(!closed && !ended && status >= 100 && status < 200);
    check_as_http1(status, block, false);
  }
  void on_head(uint16_t status, const Http2Block& block, bool last) override {
    WEIR_ASSERT(!closed && !ended && status >= 200 && status <= 999);
    WEIR_ASSERT(block.size() <= limits.head_bytes_max);
    log += " head" + std::to_string(status);
    check_as_http1(status, block, last);
    read_fields(block);
  }
  void on_data(std::string_view bytes) override {
    WEIR_ASSERT(!closed && !ended);
    if (broken) return;
    messages.add(bytes);
    for (;;) {
      const auto message = messages.next();
      broken = !message.has_value();
      if (broken || !*message) return;
      WEIR_ASSERT((*message)->bytes.size() <= message_bytes_max);
      log += " message" + std::to_string((*message)->bytes.size());
    }
  }
  void on_end(const Http2Block& trailers) override {
    WEIR_ASSERT(!closed && !ended);
    ended = true;
    log += broken ? " broken" : messages.empty() ? " end" : " torn";
    read_fields(trailers);
  }
  void on_closed(Http2Error error) override {
    WEIR_ASSERT(!closed);
    closed = true;
    log += " closed" + std::to_string(static_cast<uint32_t>(error));
  }
  void read_fields(const Http2Block& block) {
    for (size_t i = 0; i < block.count(); ++i) {
      const std::string_view name = block.name(i), value = block.value(i);
      if (name == "grpc-status") log += to_string(parse_grpc_status(value));
      if (name == "grpc-message") log += parse_grpc_message(value);
      if (name == "grpc-status-details-bin") log += parse_grpc_binary(value).value_or("none");
      if (name == "grpc-timeout") log += parse_grpc_timeout(value) ? "timeout" : "no timeout";
    }
  }
  void check_as_http1(uint16_t status, const Http2Block& block, bool last) {
    Buffer text;
    const bool chunked = append_http1_answer(text, status, block, RequestMethod::post, last);
    ResponseHead head{std::span<Field>(storage)};
    const HeadResult parsed =
        parse_response_head(text.view(), 0, HeadLimits(), RequestMethod::post, head);
    WEIR_ASSERT(!parsed.incomplete());
    if (parsed.malformed()) return;  // the parser is the stricter one
    WEIR_ASSERT(parsed.bytes == text.size() && head.status == status);
    WEIR_ASSERT((head.framing.kind == BodyFraming::Kind::chunked) == chunked);
    WEIR_ASSERT(head.framing.kind != BodyFraming::Kind::until_close);
  }
  size_t body_ready() override { return left; }
  bool body_ends() override { return true; }
  void take_body(size_t bytes, Buffer& out) override {
    WEIR_ASSERT(bytes <= left);
    out.append(std::string(bytes, 'b'));
    left -= bytes;
  }

  std::string log;
  std::array<Field, 100> storage;
  GrpcMessages messages{message_bytes_max};
  size_t left = body_bytes;
  bool broken = false;
  bool ended = false;
  bool closed = false;
};

constexpr std::array<Field, 4> fields{Field{":method", "POST"}, Field{":scheme", "http"},
                                      Field{":authority", "a"}, Field{":path", "/"}};

// What became of three calls when the server said `bytes`, cut at `cut`.
std::string run(std::string_view bytes, size_t cut) {
  std::array<Call, 3> calls;
  Http2ClientSession session(limits);
  Buffer out;
  for (Call& call : calls)
    WEIR_ASSERT(session.request(fields, false, call));
  session.produce(out, 1 << 20);
  if (session.feed(bytes.substr(0, cut))) (void)session.feed(bytes.substr(cut));
  session.produce(out, 1 << 20);
  WEIR_ASSERT(out.size() <= 4096 + bytes.size() * 64 + calls.size() * body_bytes);
  session.close_all();
  std::string log;
  for (const Call& call : calls) {
    WEIR_ASSERT(call.closed);
    log += call.log + ";";
  }
  return log;
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = (data[0] + 256u * data[1]) % (bytes.size() + 1);
  const std::string whole = run(bytes, 0);
  WEIR_ASSERT(run(bytes, cut) == whole);
  return 0;
}

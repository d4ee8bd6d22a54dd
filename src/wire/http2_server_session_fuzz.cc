// The server's side of HTTP/2: whatever comes, it is read the same in one piece and in two, what is
// handed out keeps the rules, and what a client can make us send is bounded by what it sent.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/http2_request.h"
#include "wire/http2_server_session.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr Http2Limits limits{.streams_max = 8,
                             .window_bytes = 1000,
                             .connection_window_bytes = 70'000,
                             .head_bytes_max = 2000,
                             .continuations_max = 4,
                             .resets_per_second = 4,
                             .faults_per_second = 4,
                             .control_frames_per_second = 10};
constexpr size_t body_bytes = 300;

struct Server;

struct Stream final : Http2ServerStream {
  Stream(Server& of, uint32_t number) : server(of), id(number) {}
  void on_data(std::string_view bytes) override;
  void on_end(const Http2Block& trailers) override;
  void on_closed(Http2Error error) override;
  size_t body_ready() override { return left; }
  bool body_ends() override { return true; }
  void take_body(size_t bytes, Buffer& out) override {
    WEIR_ASSERT(bytes <= left);
    out.append(std::string(bytes, 'b'));
    left -= bytes;
  }
  std::span<const Field> trailers() override { return {}; }

  Server& server;
  uint32_t id;
  size_t received = 0;
  size_t left = body_bytes;
  bool ended = false;
  bool closed = false;
};

// Writes down what it is told.
struct Server final : Http2ServerEvents {
  Http2ServerStream* on_request(uint32_t id, Http2Block& block, bool ended) override {
    WEIR_ASSERT(id % 2 == 1 && !streams.contains(id));
    WEIR_ASSERT(block.size() <= limits.head_bytes_max);
    note("request", id);
    auto made = std::make_unique<Stream>(*this, id);
    made->ended = ended;
    read_head(block, ended);
    Http2ServerStream* stream = made.get();
    streams[id] = std::move(made);
    opened.push_back(id);
    return stream;
  }
  void read_head(const Http2Block& block, bool ended) {
    std::array<Field, 40> storage;
    RequestHead head(storage);
    Buffer joined;
    const HeadFault fault = read_http2_request(block, ended, {.fields_max = 40}, joined, head);
    log += std::to_string(fault.http_status);
    if (fault) return;
    WEIR_ASSERT(is_token(head.method_text) && !head.host.host.empty());
    WEIR_ASSERT(head.form == TargetForm::authority || !head.path.empty());
    WEIR_ASSERT(!head.fields.has(KnownField::transfer_encoding));
    WEIR_ASSERT(!head.fields.has(KnownField::connection));
    WEIR_ASSERT(!head.fields.repeated(KnownField::host));
    WEIR_ASSERT(!head.fields.repeated(KnownField::cookie));
    for (const Field& field : head.fields)
      WEIR_ASSERT(is_token(field.name) && all_of(value_bytes, field.value));
  }
  void note(const char* what, uint32_t id) { log += " " + std::string(what) + std::to_string(id); }
  void feed(std::string_view bytes) {
    (void)session.feed(bytes, MonoTime(seconds(1)));
    for (const uint32_t id : opened)
      session.answer(*streams.at(id), 200, {}, false);
    opened.clear();
  }

  std::string log;
  std::vector<uint32_t> opened;
  std::map<uint32_t, std::unique_ptr<Stream>> streams;
  Http2ServerSession session{limits, *this};
};

void Stream::on_data(std::string_view bytes) {
  WEIR_ASSERT(!ended && !closed);
  received += bytes.size();
  WEIR_ASSERT(received <= limits.window_bytes + 64 * 1024);
}
void Stream::on_end(const Http2Block&) {
  WEIR_ASSERT(!closed);
  ended = true;
  server.note("end", id);
  server.note("bytes", static_cast<uint32_t>(received));
}
void Stream::on_closed(Http2Error) {
  WEIR_ASSERT(!closed);
  closed = true;
}

// What it did with the bytes, cut at `cut`.
std::string run(std::string_view bytes, size_t cut) {
  Server server;
  server.feed(http2_preface);
  server.feed(bytes.substr(0, cut));
  server.feed(bytes.substr(cut));
  Buffer out;
  server.session.produce(out, 1 << 20);
  WEIR_ASSERT(out.size() <= 4096 + bytes.size() * 64 + server.streams.size() * 2 * body_bytes);
  return server.log;
}

// The same with answers that leave between two pieces, so that streams end while their requests are
// still being read; and, if it is to, with a GOAWAY of ours in the middle.
void run_sending(std::string_view bytes, size_t piece, bool leaves) {
  Server server;
  server.feed(http2_preface);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    server.feed(bytes.substr(at, piece));
    Buffer out;
    server.session.produce(out, 1 << 20);
    if (leaves && at + piece > bytes.size() / 2) server.session.refuse_new();
  }
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
  run_sending(bytes, 1 + data[0], data[1] % 2 != 0);
  return 0;
}

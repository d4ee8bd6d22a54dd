#pragma once
// For tests of the client side of HTTP/2: a server whose frames are written by hand, and the TLS
// context of one.

#include "net/tls_origin_kit.h"
#include "wire/http2_test_kit.h"

namespace weir::net::test {

// A server that says by hand what it is told to.
class Http2Peer {
 public:
  explicit Http2Peer(runtime::Stream& stream) : stream_(stream) {}

  // The stream of the next request whose head has come; 0 when the client has gone.
  Task<uint32_t> next_request() {
    for (;;) {
      const wire::test::Frame frame = co_await next_frame();
      if (frame.type == wire::test::FrameType::headers) co_return frame.stream;
      if (frame.type == 0xff) co_return 0;
    }
  }
  Task<> say(std::string bytes) { co_await test::say(stream_, bytes); }
  // The frame that comes next; of type 0xff when the client has gone.
  Task<wire::test::Frame> next_frame() {
    while (seen_ >= reader_.frames.size()) {
      Result<runtime::Chunk> chunk = co_await stream_.recv({stream_.reactor().now() + seconds(5)});
      if (!chunk || chunk->empty()) co_return wire::test::Frame{.type = 0xff};
      take(chunk->view());
    }
    co_return reader_.frames[seen_++];
  }
  const wire::test::FrameReader& heard() const { return reader_; }
  // Until the client goes.
  Task<> linger() {
    while (co_await next_request() != 0) {
    }
  }

 private:
  void take(std::string_view bytes) {
    if (!std::exchange(greeted_, true)) bytes.remove_prefix(wire::http2_preface.size());
    reader_.add(bytes);
  }

  runtime::Stream& stream_;
  wire::test::FrameReader reader_;
  size_t seen_ = 0;
  bool greeted_ = false;
};

inline const std::string first_frame = wire::test::frame(wire::test::FrameType::settings, 0, 0, "");

inline std::string reset(uint32_t stream, uint32_t error) {
  return wire::test::frame(wire::test::FrameType::rst_stream, 0, stream, wire::test::be32(error));
}
inline std::string goaway(uint32_t last_stream) {
  return wire::test::frame(wire::test::FrameType::goaway, 0, 0,
                           wire::test::be32(last_stream) + wire::test::be32(0));
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL names the parameters.
inline int choose_http2(SSL*, const unsigned char** chosen, unsigned char* size,
                        const unsigned char* of, unsigned of_size, void*) {
  static const unsigned char http2[] = "\x02h2";
  return SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, http2, 3, of, of_size) ==
                 OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Chooses h2, and nothing else.
inline const TlsContext& http2_context() {
  static const std::unique_ptr<TlsContext> made = [] {
    const Identity identity = make_identity("h2", "IP:127.0.0.1", &test_authority().authority);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    REQUIRE(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
    SSL_CTX_set_alpn_select_cb(context, choose_http2, nullptr);
    return std::make_unique<TlsContext>(context);
  }();
  return *made;
}

}  // namespace weir::net::test

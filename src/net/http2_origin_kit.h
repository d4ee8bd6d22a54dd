#pragma once
// For the tests of how origins of HTTP/2 are asked: requests, and origins that answer them.

#include "net/http2_origin.h"
#include "net/http2_peer_kit.h"

namespace weir::net::test {

using runtime::StreamPtr;
using wire::test::end_stream;
using wire::test::Frame;
using wire::test::frame;
using wire::test::FrameType;

inline void by_http2(OriginSettings& s) {
  s.http2.use = Http2Use::on;
}

inline std::string head(uint32_t stream, const wire::test::NameValues& fields, bool last = false) {
  return wire::test::request(stream, fields, last);
}
inline std::string ok(uint32_t stream, std::string_view body) {
  return head(stream, {{":status", "200"}}) + frame(FrameType::data, end_stream, stream, body);
}

// Answers every request with "hello".
inline Task<> hello_http2(StreamPtr& stream, int) {
  Http2Peer peer(*stream);
  co_await peer.say(first_frame);
  while (const uint32_t asked = co_await peer.next_request())
    co_await peer.say(ok(asked, "hello"));
}

// Answers nothing.
inline Task<> say_nothing(StreamPtr& stream, int) {
  Http2Peer peer(*stream);
  co_await peer.say(first_frame);
  co_await peer.linger();
}

using Exchange = std::unique_ptr<OriginExchange>;

// Sends all of a request.
inline Task<Result<Exchange>> ask(Case& all, std::string_view request) {
  Result<Exchange> exchange = co_await all.client.open(in_time(all.reactor));
  if (!exchange) co_return exchange;
  iovec parts[1] = {runtime::part(request)};
  const Result<> sent = co_await (*exchange)->send(parts, in_time(all.reactor));
  if (!sent) co_return std::unexpected(sent.error());
  (*exchange)->request_complete();
  co_return exchange;
}

inline constexpr std::string_view plain_get = "GET /a?b HTTP/1.1\r\nHost: site.test\r\n\r\n";

// So many GETs, which share a connection.
inline Task<> get_hellos(Case& all, int count) {
  for (int i = 0; i < count; ++i) {
    const Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->body == "hello");
    CHECK(answer->reused == (i > 0));
  }
  CHECK(all.origin.connections() == 1);
}

// The error that the answer to one more GET ends in.
inline Task<ErrorCode> error_of_get(Case& all) {
  const Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
  REQUIRE_FALSE(answer.has_value());
  co_return answer.error().code;
}

}  // namespace weir::net::test

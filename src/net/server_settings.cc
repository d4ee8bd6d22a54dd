#include "net/server_settings.h"

#include "base/address.h"
#include "base/units.h"
#include "net/http_exchange.h"

namespace weir::net {
namespace {

std::optional<std::string> check(const HttpServerSettings& s) {
  for (const std::string& range : s.proxy_protocol_from)
    if (!AddressRange::parse(range))
      return "proxy_protocol_from: \"" + range + "\" is no address range";
  return std::nullopt;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const settings::Group<HttpServerSettings>& http_server_settings() {
  using S = HttpServerSettings;
  using settings::field;
  static const settings::Group<S> group{
      "http.server",
      "How connections from clients are served.",
      {field(&S::idle_timeout, "idle_timeout", seconds(60),
             "How long a connection may wait between two requests; lower it when idle connections "
             "take too much memory.")
           .between(milliseconds(10), hours(24))
           .live(),
       field(&S::head_timeout, "head_timeout", seconds(10),
             "How long a request's head may take from its first byte to its end; a client that "
             "trickles is answered 408.")
           .between(milliseconds(10), minutes(10))
           .live(),
       field(&S::body_timeout, "body_timeout", seconds(30),
             "How long a client may pause inside a request's body.")
           .between(milliseconds(10), hours(1))
           .live(),
       field(&S::write_timeout, "write_timeout", seconds(30),
             "How long a client may take to accept one piece of an answer (at most 64KiB); then "
             "the connection is closed.")
           .between(milliseconds(10), hours(1))
           .live(),
       field(&S::request_timeout, "request_timeout", hours(1),
             "How long one request may take in all, bodies included; raise it for downloads that "
             "last longer.")
           .between(milliseconds(10), hours(24 * 7))
           .live(),
       field(&S::line_bytes_max, "line_bytes_max", 8 * KiB,
             "Longest request line, within head_bytes_max; longer ones are answered 414.")
           .in_bytes()
           .between(256, 64 * KiB)
           .live(),
       field(&S::head_bytes_max, "head_bytes_max", 32 * KiB,
             "Largest head of a request; larger ones are answered 431.")
           .in_bytes()
           .between(512, 256 * KiB)
           .live(),
       field(&S::field_bytes_max, "field_bytes_max", 16 * KiB,
             "Longest header line, within head_bytes_max; longer ones are answered 431.")
           .in_bytes()
           .between(256, 64 * KiB)
           .live(),
       field(&S::fields_max, "fields_max", 100,
             "Most header fields of a request; more are answered 431.")
           .between(8, HttpExchange::fields_max)
           .live(),
       field(&S::connections_max, "connections_max", 200'000,
             "Most client connections of this process; those above it are answered 503 and closed.")
           .between(1, 10'000'000)
           .live(),
       field(&S::backlog, "backlog", 4096,
             "Connections that the kernel may hold for us until they are accepted.")
           .between(1, 65535),
       field(&S::proxy_protocol_from, "proxy_protocol_from", {},
             "Address ranges of the load balancers that begin every connection with a PROXY "
             "protocol header; others must not."),
       field(&S::http2, "http2", http2_server_settings(), "HTTP/2 on the same ports.")},
      check};
  return group;
}

}  // namespace weir::net

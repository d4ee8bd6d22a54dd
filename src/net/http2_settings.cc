#include "net/http2_settings.h"

#include "base/units.h"

namespace weir::net {

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const settings::Group<Http2ServerSettings>& http2_server_settings() {
  using S = Http2ServerSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "HTTP/2, over TLS by ALPN and in clear where the client begins with it. For connections that "
      "come from now on.",
      {field(&S::enabled, "enabled", true,
             "Whether clients may speak HTTP/2; switch it off to rule it out as the cause of a "
             "trouble.")
           .live(),
       field(&S::streams_max, "streams_max", 128,
             "Most requests that a client may have open at a time on one connection; further ones "
             "are refused, and it may send them again.")
           .between(1, 10'000)
           .live(),
       field(&S::requests_max, "requests_max", 256,
             "Most requests of one connection that we still work on, those among them that the "
             "client has cancelled; further ones are refused.")
           .between(1, 20'000)
           .live(),
       field(&S::window_bytes, "window_bytes", 64 * KiB,
             "How much of one request's body a client may send before we have used it; raise it "
             "for large uploads from far away.")
           .in_bytes()
           .between(1 * KiB, 16 * MiB)
           .live(),
       field(&S::connection_window_bytes, "connection_window_bytes", 1 * MiB,
             "The same for all requests of a connection together: what its bodies may take of our "
             "memory.")
           .in_bytes()
           .between(64 * KiB, 256 * MiB)
           .live(),
       field(&S::table_bytes_max, "table_bytes_max", 4 * KiB,
             "Memory for the compression of heads, of each connection and either way; 0 saves it "
             "at the price of longer heads.")
           .in_bytes()
           .between(0, 64 * KiB)
           .live(),
       field(&S::continuations_max, "continuations_max", 8,
             "Most CONTINUATION frames of one head; more end the connection.")
           .between(1, 1000)
           .live(),
       field(&S::resets_per_second, "resets_per_second", 200,
             "How many requests under way a client may cancel a second, and five times that at "
             "once; more end the connection (rapid reset).")
           .between(1, 1'000'000)
           .live(),
       field(&S::faults_per_second, "faults_per_second", 50,
             "How many streams a second a client may make us reset by what it sends, and five "
             "times that at once; more end the connection.")
           .between(1, 1'000'000)
           .live(),
       field(&S::control_frames_per_second, "control_frames_per_second", 500,
             "How many frames a second a client may send that carry nothing (PING, SETTINGS, "
             "WINDOW_UPDATE, empty DATA and others) beyond four for each frame of an answer, and "
             "five times that at once; more end the connection.")
           .between(10, 1'000'000)
           .live(),
       field(&S::age_max, "age_max", hours(24),
             "After this time, a tenth more or less, a connection is wound up in order, so that "
             "clients spread anew over the nodes behind a load balancer; lower it there.")
           .between(seconds(1), hours(24 * 30))
           .live(),
       field(&S::ping_after, "ping_after", minutes(1),
             "After how long a silence a client that waits for an answer is asked for a sign of "
             "life.")
           .between(milliseconds(100), hours(24))
           .live(),
       field(&S::ping_timeout, "ping_timeout", seconds(20),
             "How long that may take before its connection counts as dead and what it asked for is "
             "given up.")
           .between(milliseconds(100), hours(1))
           .live()}};
  return group;
}

}  // namespace weir::net

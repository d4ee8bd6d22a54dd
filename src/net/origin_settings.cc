#include "net/origin_settings.h"

#include "base/units.h"
#include "settings/load.h"
#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::net {

using settings::field;

namespace {

const settings::Group<OriginTlsSettings>& tls_settings() {
  using S = OriginTlsSettings;
  static const settings::Group<S> group{
      "",
      "TLS towards an https origin.",
      {field(&S::verify, "verify", true,
             "Check the origin's certificate and name; turn it off only where nobody can listen."),
       field(&S::ca_file, "ca_file", "",
             "PEM file of the authorities to believe; empty believes those of the system."),
       field(&S::server_name, "server_name", "",
             "Name to ask for and to check, where it is not the host of the URL."),
       field(&S::certificate, "certificate", "",
             "PEM file of our own certificate, and what links it to its authority, for an origin "
             "that asks clients for one (mTLS)."),
       field(&S::key, "key", "", "PEM file of that certificate's private key.")},
      [](const S& s) -> std::optional<std::string> {
        if (s.certificate.empty() == s.key.empty()) return std::nullopt;
        return "certificate and key go together; one of them is empty";
      }};
  return group;
}

const settings::Group<RetrySettings>& retry_settings() {
  using S = RetrySettings;
  static const settings::Group<S> group{
      "",
      "Second attempts, made only where the first cannot have had an effect.",
      {field(&S::share, "share", 0.2,
             "Most retries as a share of all attempts; lower it if retries burden a sick origin.")
           .between(0.0, 1.0),
       field(&S::attempts_max, "attempts_max", 2u, "Attempts for one request, the first included.")
           .between(1, 5)}};
  return group;
}

const settings::Group<BreakerSettings>& breaker_settings() {
  using S = BreakerSettings;
  static const settings::Group<S> group{
      "",
      "When an origin that fails is left alone for a while.",
      {field(&S::failures_in_row, "failures_in_row", 10u,
             "Failures one after another that open the breaker; 0 does not look at them.")
           .between(0, 1'000'000),
       field(&S::failure_share, "failure_share", 0.5,
             "Share of failures in a window that opens the breaker; 1 means all of them.")
           .between(0.01, 1.0),
       field(&S::window_requests_min, "window_requests_min", 50u,
             "Requests that a window must have before its share of failures counts.")
           .between(1, 1'000'000),
       field(&S::window, "window", seconds(10), "How long a window is.")
           .between(milliseconds(100), minutes(10)),
       field(&S::open_time, "open_time", seconds(5),
             "How long an open breaker refuses before it lets probes through.")
           .between(milliseconds(1), minutes(10)),
       field(&S::probes, "probes", 2u,
             "Requests that must succeed, one after another, to close the breaker again.")
           .between(1, 100)}};
  return group;
}

const settings::Group<OriginHttp2Settings>& http2_settings() {
  using S = OriginHttp2Settings;
  static const settings::Group<S> group{
      "",
      "HTTP/2 towards the origin: many requests on few connections. gRPC needs it.",
      {field(&S::use, "use", Http2Use::off,
             {{"off", Http2Use::off}, {"on", Http2Use::on}, {"auto", Http2Use::automatic}},
             "off: HTTP/1.1. on: HTTP/2, over TLS by ALPN and in clear without asking; an origin "
             "that does not speak it fails. auto: what an https origin chooses, and HTTP/1.1 in "
             "clear. A WebSocket always goes over HTTP/1.1."),
       field(&S::streams_max, "streams_max", 100u,
             "Most requests on one connection at a time, unless the origin allows fewer; lower it "
             "to spread them over more connections.")
           .between(1, 10'000),
       field(&S::window_bytes, "window_bytes", 256 * KiB,
             "How much of one answer may come before the client has taken it; raise it for large "
             "answers from far away, lower it where memory is short.")
           .in_bytes()
           .between(16 * KiB, 16 * MiB),
       field(
           &S::age_max, "age_max", hours(1),
           "How long, a tenth more or less, a connection takes new requests; then another is made, "
           "so that a change of addresses and a larger fleet are noticed.")
           .between(seconds(1), hours(24 * 30)),
       field(&S::ping_after, "ping_after", seconds(20),
             "After how long a silence an origin that owes an answer is asked for a sign of life; "
             "one that is alive and goes on being silent is asked again after five minutes.")
           .between(milliseconds(100), hours(1)),
       field(&S::ping_timeout, "ping_timeout", seconds(10),
             "How long that may take before the connection counts as dead.")
           .between(milliseconds(100), hours(1))}};
  return group;
}

bool is_check_path(std::string_view text) {
  return text.empty() || (text.starts_with('/') && wire::all_of(wire::target_bytes, text));
}

const settings::Group<HealthCheckSettings>& health_settings() {
  using S = HealthCheckSettings;
  static const settings::Group<S> group{
      "",
      "Checks of whether the origin works. One that fails them is asked only when no other of its "
      "site passes.",
      {field(&S::path, "path", "",
             "What is asked for, with a query if need be, such as /healthz; empty: no checks.")
           .like(is_check_path, "/PATH"),
       field(&S::host, "host", "", "Host of the checks; empty: the origin's own."),
       field(&S::interval, "interval", seconds(5), "From one check to the next, about.")
           .between(milliseconds(1), hours(1)),
       field(&S::timeout, "timeout", seconds(2),
             "How long one check may take, connection included; slower ones have failed.")
           .between(milliseconds(1), minutes(5)),
       field(&S::healthy_after, "healthy_after", 2u,
             "Checks in a row that must pass before the origin counts as healthy again.")
           .between(1, 1000),
       field(&S::unhealthy_after, "unhealthy_after", 3u,
             "Checks in a row that must fail before the origin counts as unhealthy.")
           .between(1, 1000),
       field(&S::statuses, "statuses", {"200-399"},
             "Statuses that pass: single ones, or ranges such as 200-299.")},
      [](const S& s) -> std::optional<std::string> {
        for (const std::string& text : s.statuses)
          if (!StatusRange::parse(text)) return "statuses: \"" + text + "\" is no status or range";
        if (!wire::is_field_value(s.host)) return std::string("host: cannot be sent");
        return std::nullopt;
      }};
  return group;
}

}  // namespace

std::optional<StatusRange> StatusRange::parse(std::string_view text) {
  const auto status = [](std::string_view digits) -> std::optional<uint16_t> {
    const auto value = parse_u64(digits);
    if (digits.size() != 3 || !value || *value < 100 || *value > 599) return std::nullopt;
    return static_cast<uint16_t>(*value);
  };
  const size_t dash = text.find('-');
  const auto first = status(text.substr(0, dash));
  const auto last = dash == text.npos ? first : status(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return StatusRange{*first, *last};
}

bool is_origin_url(std::string_view text) {
  const Result<wire::Url> url = wire::parse_url(text);
  return url && !url->has_query && (url->path.empty() || url->path == "/");
}

const settings::Group<OriginSettings>& origin_settings() {
  using S = OriginSettings;
  static const settings::Group<S> group{
      "",
      "One origin server.",
      {field(&S::url, "url", settings::required, "Where it is.")
           .like(is_origin_url, "http://HOST[:PORT] or https://HOST[:PORT]"),
       field(&S::connect_timeout, "connect_timeout", seconds(2),
             "How long a connection may take to be made, look-up and TLS included.")
           .between(milliseconds(1), minutes(2)),
       field(&S::response_timeout, "response_timeout", seconds(30),
             "How long the origin may take from the end of a request to the head of its answer.")
           .between(milliseconds(1), hours(1)),
       field(&S::body_timeout, "body_timeout", seconds(30),
             "Longest silence inside a body, either way.")
           .between(milliseconds(1), hours(1)),
       field(&S::connections_max, "connections_max", 1024u,
             "Most connections to it from this process; further requests wait.")
           .between(1, 65'536),
       field(&S::idle_max, "idle_max", 1024u,
             "Most connections of this process that are kept while nobody uses them.")
           .between(0, 65'536),
       field(&S::idle_timeout, "idle_timeout", seconds(60),
             "How long an unused connection is kept; set it below the origin's own time.")
           .between(milliseconds(1), hours(1)),
       field(&S::waiting_max, "waiting_max", 4096u,
             "Most requests of this process that wait for a connection; further ones fail at once.")
           .between(0, 1'000'000),
       field(&S::waiting_timeout, "waiting_timeout", seconds(5),
             "How long a request may wait for a connection.")
           .between(milliseconds(1), minutes(10)),
       field(&S::head_bytes_max, "head_bytes_max", 32 * KiB, "Largest head of an answer.")
           .in_bytes()
           .between(1 * KiB, 1 * MiB),
       field(&S::retry, "retry", retry_settings(), "Second attempts."),
       field(&S::breaker, "breaker", breaker_settings(), "The circuit breaker."),
       field(&S::health, "health", health_settings(), "Health checks."),
       field(&S::tls, "tls", tls_settings(), "TLS towards it."),
       field(&S::http2, "http2", http2_settings(), "HTTP/2 towards it."),
       field(&S::trusted, "trusted", false,
             "Believe its Trace-Keep, by which it asks that a trace be kept whatever the sampling "
             "rate; for services of yours.")}};
  return group;
}

OriginSettings origin_with_defaults(std::string_view url) {
  OriginSettings all = settings::defaults(origin_settings());
  all.url = url;
  return all;
}

}  // namespace weir::net

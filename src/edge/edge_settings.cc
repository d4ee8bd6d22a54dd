#include "edge/edge_settings.h"

#include <algorithm>

#include "base/address.h"
#include "edge/own_fields.h"
#include "edge/rules/cors.h"
#include "edge/rules/host_table.h"
#include "wire/http1_write.h"
#include "wire/http_fields.h"
#include "wire/scan.h"
#include "wire/url.h"

namespace weir::edge {
namespace {

using settings::field;
using settings::Group;

enum class Direction : uint8_t { request, response };

std::optional<std::string> check_name(const std::string& name, Direction direction) {
  if (!wire::is_token(name)) return "\"" + name + "\" is no header name";
  const wire::KnownField id = wire::known_field(name);
  if (id == wire::KnownField::host)
    return std::string("header Host is the client's, or the origin's own with pass_host: false");
  const bool own = direction == Direction::response
                       ? own_in_response.contains(id) || id == wire::KnownField::date
                       : own_in_request.contains(id) && !kept_from_trusted.contains(id);
  if (own || of_connection.contains(id)) return "header " + name + " is written by the edge itself";
  return std::nullopt;
}

std::optional<std::string> check_fields(const settings::TextMap& fields, Direction direction) {
  for (const auto& [name, value] : fields) {
    if (auto problem = check_name(name, direction)) return problem;
    if (!wire::is_field_value(value)) return "header " + name + " has a value that cannot be sent";
  }
  return std::nullopt;
}

bool is_address(std::string_view text) {
  return Address::parse(text).has_value();
}

bool is_address_or_empty(std::string_view text) {
  return text.empty() || is_address(text);
}

// Names are not looked up.
constexpr std::string_view address_form = "HOST:PORT with an IP address or localhost as HOST";

bool is_path(std::string_view text) {
  return text.starts_with('/') && wire::all_of(wire::target_bytes, text) && !text.contains('?');
}

bool is_path_or_empty(std::string_view text) {
  return text.empty() || is_path(text);
}

// What a rewrite or a redirect leads to. Only a redirect may name a fragment.
std::optional<std::string> check_target(const PathSettings& s) {
  std::string_view to = s.to;
  if (s.redirect != 0) to = to.substr(0, to.find('#'));
  if (s.to.empty() || !wire::all_of(wire::target_bytes, to) || !wire::is_field_value(s.to) ||
      s.to.contains(' '))
    return "to: \"" + s.to + "\" cannot stand in a request or in Location";
  if (s.redirect == 0 && !s.to.starts_with('/'))
    return std::string("to: a rewrite needs a path that starts with /");
  return std::nullopt;
}

const Group<RespondSettings>& respond_settings() {
  using S = RespondSettings;
  static const Group<S> group{
      "",
      "A fixed answer, given without asking any origin.",
      {field(&S::status, "status", 200u, "Status of the answer.").between(200, 599),
       field(&S::headers, "headers", "Header fields of the answer."),
       field(&S::body, "body", "", "Body of the answer."),
       field(&S::body_file, "body_file", "",
             "File whose content is the body, a regular file of at most 16MiB; read when the "
             "configuration is.")},
      [](const S& s) -> std::optional<std::string> {
        if (!s.body.empty() && !s.body_file.empty()) return "give body or body_file, not both";
        return check_fields(s.headers, Direction::response);
      }};
  return group;
}

const Group<PathSettings>& path_settings() {
  using S = PathSettings;
  static const Group<S> group{
      "",
      "What happens to paths that begin with a prefix; the longest prefix wins.",
      {field(&S::prefix, "prefix", settings::required,
             "Whole segments from the start of the path, such as /old.")
           .like(is_path, "/PATH"),
       field(&S::to, "to", settings::required,
             "What takes the prefix's place: a path, or for a redirect also a URL."),
       field(&S::redirect, "redirect", 0u,
             "Status of a redirect (301, 302, 303, 307, 308); 0 rewrites instead.")
           .between(0, 399)},
      [](const S& s) -> std::optional<std::string> {
        const bool known = s.redirect == 0 || s.redirect == 301 || s.redirect == 302 ||
                           s.redirect == 303 || s.redirect == 307 || s.redirect == 308;
        if (!known)
          return "redirect: " + std::to_string(s.redirect) + " is no status of a redirect";
        return check_target(s);
      }};
  return group;
}

const Group<CorsSettings>& cors_settings() {
  using S = CorsSettings;
  static const Group<S> group{
      "",
      "What pages of other origins may do with the site; the edge answers their preflights.",
      {field(&S::allow_origins, "allow_origins", {"*"},
             "Origins such as https://app.example.org, or *."),
       field(&S::allow_methods, "allow_methods", {"GET", "HEAD", "POST"},
             "Methods that a preflight is told."),
       field(&S::allow_headers, "allow_headers", {},
             "Request headers that a preflight is told; * repeats what was asked."),
       field(&S::expose_headers, "expose_headers", {}, "Response headers that pages may read."),
       field(&S::allow_credentials, "allow_credentials", false,
             "Let pages send cookies; needs origins by name."),
       field(&S::max_age, "max_age", minutes(10), "How long a browser may remember a preflight.")
           .between(seconds(0), hours(24))},
      [](const S& s) -> std::optional<std::string> {
        for (const auto* list :
             {&s.allow_origins, &s.allow_methods, &s.allow_headers, &s.expose_headers})
          for (const std::string& text : *list)
            if (!wire::is_field_value(text) || text.empty())
              return "\"" + text + "\" cannot be sent";
        for (const std::string& origin : s.allow_origins)
          if (origin == "*" && s.allow_credentials)
            return std::string(
                "allow_credentials needs origins by name: with * any page could read answers made "
                "for the user");
        return std::nullopt;
      }};
  return group;
}

const Group<HeaderSettings>& header_settings() {
  using S = HeaderSettings;
  static const Group<S> group{
      "",
      "Header fields that are set or removed on the way.",
      {field(&S::request_set, "request_set",
             "Fields that the origin gets, in place of the client's, such as its credentials.")
           .secret(),
       field(&S::request_remove, "request_remove", {}, "Fields that the origin does not get."),
       field(
           &S::response_set, "response_set",
           "Fields that the client gets, in place of the origin's or ours, in every answer of the "
           "site, also redirects and error pages; but an error page says itself what it holds and "
           "how long it may be stored, and a redirect where to."),
       field(&S::response_remove, "response_remove", {},
             "Fields that the client does not get, in the same answers.")},
      [](const S& s) -> std::optional<std::string> {
        if (auto problem = check_fields(s.request_set, Direction::request)) return problem;
        if (auto problem = check_fields(s.response_set, Direction::response)) return problem;
        for (const std::string& name : s.request_remove)
          if (auto problem = check_name(name, Direction::request)) return problem;
        for (const std::string& name : s.response_remove)
          if (auto problem = check_name(name, Direction::response)) return problem;
        return std::nullopt;
      }};
  return group;
}

// Both would be sent, and browsers take neither then.
std::optional<std::string> check_cors(const SiteSettings& s) {
  if (!s.cors) return std::nullopt;
  const auto find = [](const settings::TextMap& fields, const std::string& key) {
    const auto found =
        std::ranges::find_if(fields, is_written_by_cors, &settings::TextMap::value_type::first);
    return found == fields.end() ? std::nullopt : std::optional(key + "." + found->first);
  };
  auto key = find(s.headers.response_set, "headers.response_set");
  if (!key && s.respond) key = find(s.respond->headers, "respond.headers");
  if (!key) return std::nullopt;
  return *key + ": CORS of this site is set by `cors`; remove one";
}

std::optional<std::string> check_site(const SiteSettings& s) {
  if (s.host.empty()) return "host: name at least one";
  for (const std::string& host : s.host)
    if (!is_host_pattern(host)) return "host: \"" + host + "\" is no host name, *.NAME or *";
  if (s.origins.empty() == !s.respond) return "give origins or respond, one of them";
  for (size_t i = 0; i < s.paths.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (s.paths[i].prefix == s.paths[j].prefix)
        return "paths: prefix " + s.paths[i].prefix + " is named twice";
  return check_cors(s);
}

const Group<SiteSettings>& site_settings() {
  using S = SiteSettings;
  static const Group<S> group{
      "",
      "One site: the hosts that it answers for, and where its answers come from.",
      {field(&S::host, "host", {},
             "Host names; *.example.org covers all below it, * whatever no other site names."),
       field(&S::origins, "origins", net::origin_settings(),
             "Servers that are asked; the least busy one that works is taken."),
       field(&S::respond, "respond", respond_settings(), "A fixed answer instead of origins."),
       field(&S::paths, "paths", path_settings(), "Rewrites and redirects."),
       field(&S::cors, "cors", cors_settings(),
             "Cross-origin resource sharing, in every answer of the site, in place of what the "
             "origin says of it: none of its Access-Control-* is passed on. Those that it never "
             "writes can be set by headers.response_set. Without it the origin's own fields are "
             "passed on."),
       field(&S::headers, "headers", header_settings(), "Header fields that are set or removed."),
       field(&S::cache, "cache", site_cache_settings(), "What of this site is stored."),
       field(&S::body_bytes_max, "body_bytes_max", 1024 * 1024 * 1024,
             "Largest request body; larger ones are answered 413.")
           .in_bytes(),
       field(&S::request_timeout, "request_timeout", hours(1),
             "How long a request to this site may take in all.")
           .between(milliseconds(10), hours(24 * 7)),
       field(&S::pass_host, "pass_host", true,
             "Send the client's Host to the origin; off sends the origin's own.")},
      check_site};
  return group;
}

const Group<HealthSettings>& health_settings() {
  using S = HealthSettings;
  static const Group<S> group{
      "",
      "Paths that are answered for every host, before any routing; empty turns one off.",
      {field(&S::live_path, "live_path", "/health/live", "200 as long as the process runs.")
           .like(is_path_or_empty, "/PATH"),
       field(&S::ready_path, "ready_path", "/health/ready",
             "200 while new requests are welcome, 503 while it starts or drains. A drain refuses "
             "new connections, so that only those that are open and the admin listener see it.")
           .like(is_path_or_empty, "/PATH")}};
  return group;
}

std::optional<std::string> check_edge(const EdgeSettings& s) {
  for (const std::string& range : s.trusted_peers)
    if (!AddressRange::parse(range)) return "trusted_peers: \"" + range + "\" is no address range";
  if (!s.listen_tls.empty() && !s.tls.enabled())
    return std::string("listen_tls: TLS needs edge.tls.certificate and edge.tls.key");
  if (s.listen_tls.empty() && s.tls.enabled())
    return std::string("tls: the certificate serves edge.listen_tls, which is empty");
  if (!wire::is_token(s.name)) return "name: \"" + s.name + "\" cannot stand in Via";
  HostTable hosts;
  for (uint32_t i = 0; i < s.sites.size(); ++i)
    for (const std::string& host : s.sites[i].host)
      if (!hosts.add(host, i))
        return "sites[" + std::to_string(i) + "].host: " + host + " is named twice";
  return std::nullopt;
}

}  // namespace

const Group<EdgeSettings>& edge_settings() {
  using S = EdgeSettings;
  static const Group<S> group{
      "edge",
      "The edge: a reverse proxy in front of one or many sites.",
      {field(&S::listen, "listen", "127.0.0.1:8080",
             "Address and port for clients; :8080 is every interface.")
           .like(is_address, address_form),
       field(&S::listen_tls, "listen_tls", "",
             "Address and port for clients that speak TLS (https://), such as :8443; empty: none.")
           .like(is_address_or_empty, address_form),
       field(&S::tls, "tls", net::tls_server_settings(), "Certificates of listen_tls."),
       field(&S::origin, "origin", net::origin_settings(),
             "The origin of every host that no site names; --origin is its url.")
           .live(),
       field(&S::sites, "sites", site_settings(), "Sites by host.").live(),
       field(&S::trusted_peers, "trusted_peers", {},
             "Address ranges of proxies before us, whose X-Forwarded-*, Forwarded, trace context "
             "and request id are believed.")
           .live(),
       field(&S::health, "health", health_settings(), "Health paths on the clients' listener.")
           .live(),
       field(&S::cache, "cache", edge_cache_settings(), "What is stored of the origins' answers."),
       field(&S::client_abort, "client_abort", net::ClientAbort::probe,
             {{"ignore", net::ClientAbort::ignore},
              {"probe", net::ClientAbort::probe},
              {"end", net::ClientAbort::end}},
             "What it means that a client ends its side of the connection while its answer is "
             "waited for. probe: nothing yet; it is sent 100 Continue, and only who does not take "
             "that has left. end: that it has left, which cuts off those who send, end, and read "
             "on. Who has left gets status 499 in the log, and the origin is not waited for any "
             "more. ignore: the origin's answer is always waited for.")
           .live(),
       field(&S::name, "name", "weir", "Our name in Via and Server.").live()},
      check_edge};
  return group;
}

}  // namespace weir::edge

#include "demo/demo_origin.h"

#include <string>

#include "demo/demo_paths.h"
#include "wire/http1_write.h"
#include "wire/http_date.h"

namespace weir::demo {
namespace {

using std::chrono::sys_seconds;

bool is_get_or_head(const net::HttpExchange& exchange) {
  return exchange.head.method == wire::RequestMethod::get || is_head(exchange);
}

std::string validators_of(const Kept& kept) {
  Buffer fields;
  wire::append_field(fields, "ETag", kept.etag);
  wire::append_field(fields, "Last-Modified", kept.last_modified);
  return std::string(fields.view());
}

// Whether the client has what we have (RFC 9110 13.2.2).
bool is_not_modified(const net::HttpExchange& exchange, const Kept& kept) {
  const wire::Fields& fields = exchange.head.fields;
  if (fields.has(wire::KnownField::if_none_match)) return none_match_hits(fields, kept.etag);
  const std::string_view since = fields.value(wire::KnownField::if_modified_since);
  if (since.empty()) return false;
  const auto now = std::chrono::floor<std::chrono::seconds>(exchange.reactor().wall_now());
  const auto date = wire::parse_http_date(since, now);
  const auto modified = wire::parse_http_date(kept.last_modified, now);
  return date && modified && *date >= *modified;
}

}  // namespace

constinit const DemoOrigin::Route DemoOrigin::routes[] = {
    {.path = "/api/time", .handler = serve_time},
    {.path = "/api/echo", .handler = serve_echo, .any_method = true},
    {.path = "/status/", .handler = serve_status, .any_method = true, .prefix = true},
    {.path = "/stream", .handler = serve_stream},
    {.path = "/slow", .handler = serve_slow, .any_method = true},
    {.path = "/large", .handler = serve_large},
    {.path = "/early-hints", .handler = serve_early_hints},
    {.path = "/fail/reset", .handler = serve_reset, .any_method = true},
    {.path = "/fail/short", .handler = serve_short, .any_method = true},
};

DemoOrigin::DemoOrigin(WallTime born) {
  Buffer date;
  wire::append_http_date(date, std::chrono::floor<std::chrono::seconds>(born));
  for (Kept& kept : make_site()) {
    kept.last_modified = date.view();
    site_.emplace(kept.path, std::move(kept));
  }
}

runtime::Task<> DemoOrigin::handle(net::HttpExchange& exchange) {
  const std::string_view path = exchange.head.path;
  for (const Route& route : routes) {
    if (route.prefix ? !path.starts_with(route.path) : path != route.path) continue;
    if (route.any_method || is_get_or_head(exchange))
      co_return co_await route.handler(exchange, path.substr(route.path.size()));
    co_return answer_message(exchange, 405, "Only GET and HEAD here.", "Allow: GET, HEAD\r\n");
  }
  const auto kept = site_.find(path);
  if (kept == site_.end())
    co_return answer_message(exchange, 404, "The demo site has no such page.");
  if (!is_get_or_head(exchange))
    co_return answer_message(exchange, 405, "Only GET and HEAD here.", "Allow: GET, HEAD\r\n");
  answer_kept(exchange, kept->second);
}

void DemoOrigin::answer_kept(net::HttpExchange& exchange, const Kept& kept) const {
  const std::string validators = validators_of(kept);
  if (is_not_modified(exchange, kept))
    return answer(exchange,
                  {.status = 304, .cache_control = kept.cache_control, .more = validators}, {});
  answer(
      exchange,
      {.content_type = kept.content_type, .cache_control = kept.cache_control, .more = validators},
      kept.body);
}

void DemoOrigin::reject(net::HttpExchange& exchange, uint16_t status, const char* reason) {
  answer_message(exchange, status, reason);
}

}  // namespace weir::demo

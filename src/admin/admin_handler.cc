#include "admin/admin_handler.h"

#include <array>
#include <optional>

#include "admin/cpu_profile.h"
#include "admin/heap_profile.h"
#include "admin/query_value.h"
#include "base/cpu_time.h"
#include "base/units.h"
#include "runtime/waiter.h"
#include "telemetry/prometheus.h"
#include "wire/http1_write.h"

namespace weir::admin {
namespace {

using wire::KnownField;

constexpr uint64_t profile_seconds_default = 10, profile_seconds_max = 60;
constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view json = "application/json";

// A name other than localhost may have been made to resolve to us by whoever owns it.
bool is_own_name(const wire::Authority& host) {
  return host.host.empty() || wire::equal_ignoring_case(host.host, "localhost") ||
         Address::parse_ip(host.address()).has_value();
}

void append_head(net::HttpExchange& exchange, uint16_t status, std::string_view content_type,
                 size_t length) {
  Buffer& out = exchange.out();
  wire::append_status_line(out, status);
  wire::append_field(out, "Content-Type", content_type);
  wire::append_field(out, "Cache-Control", "no-store");
  wire::append_field(out, "X-Content-Type-Options", "nosniff");
  wire::append_content_length(out, length);
}

}  // namespace

std::span<const AdminHandler::Route> AdminHandler::routes() {
  using A = AdminHandler;
  static constexpr std::array table{
      Route{"/", "GET", false, &A::index, "This page."},
      Route{"/health/live", "GET", true, &A::live, "200 as long as the process runs."},
      Route{"/health/ready", "GET", true, &A::ready,
            "200 when clients should be sent here, 503 while starting or draining."},
      Route{"/metrics", "GET", false, &A::metrics, "For Prometheus; OpenMetrics when asked for."},
      Route{"/config", "GET", false, &A::config,
            "The configuration in force, with where each value came from; secrets are left out."},
      Route{"/config/reload", "POST", false, &A::reload,
            "Reads the configuration file again, as SIGHUP does, and answers what changed."},
      Route{"/telemetry/sampling", "GET", false, &A::sampling,
            "Which traces are kept: the strategies and rates in force."},
      Route{"/telemetry/sampling", "POST", false, &A::resample,
            "Changes the ?strategy= and ?rate= of traces, of one ?path= of those that are set or "
            "of all others, until the next reload; answers what is in force."},
      Route{"/cache/purge", "POST", false, &A::purge,
            "Removes from the cache ?url=, ?prefix= or ?tag=; with &soft=1 makes stale instead."},
      Route{"/cache/prewarm", "POST", false, &A::prewarm,
            "Fetches the URLs of the body, one a line, into the cache; ?concurrency=N."},
      Route{"/cache/prewarm/state", "GET", false, &A::prewarm_state,
            "How far the last prewarming is."},
      Route{"/cache/hot", "GET", false, &A::hottest,
            "The addresses that the cache is asked for most; ?count=N."},
      Route{"/debug/cache", "GET", false, &A::explain,
            "Explains ?url=: what is stored of it, until when, and why not."},
      Route{"/debug/traces", "GET", false, &A::traces,
            "The last requests with their spans, sent or not, a line of JSON each; ?seconds=N, or "
            "?trace=ID for one (a request id is its trace id)."},
      Route{"/debug/build", "GET", false, &A::build, "What runs here."},
      Route{"/debug/profile/cpu", "GET", false, &A::cpu_profile,
            "Where CPU time goes, as folded stacks; ?seconds=N, 1 to 60."},
      Route{"/debug/profile/heap", "GET", false, &A::heap_profile, "What the allocator says."}};
  return table;
}

runtime::Task<> AdminHandler::handle(net::HttpExchange& exchange) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (net::GrpcServer::is_call(exchange)) co_return co_await answer_grpc(exchange);
  const Answer made = co_await answer(exchange);
  append_head(exchange, made.status, made.content_type, made.body.size());
  if (!made.extra_name.empty())
    wire::append_field(exchange.out(), made.extra_name, std::string_view(made.extra_value));
  exchange.append_connection_field();
  wire::end_head(exchange.out());
  if (exchange.head.method == wire::RequestMethod::head) co_return;
  const std::string_view body = made.body;
  (void)co_await exchange.send(std::span(&body, 1));
}

runtime::Task<> AdminHandler::answer_grpc(net::HttpExchange& exchange) {
  if (!answers_grpc_) co_return co_await no_grpc_.serve(exchange);
  const bool open = exchange.head.path.starts_with("/grpc.health.");
  if (open || may_enter(exchange)) co_return co_await grpc_.serve(exchange);
  refused_.fetch_add(1, std::memory_order_relaxed);
  net::GrpcServer::refuse(exchange, {wire::GrpcCode::unauthenticated,
                                     token_.required() ? "authorization: Bearer TOKEN is needed"
                                                       : "ask by address or as localhost"});
}

net::GrpcHealthSource::State AdminHandler::state_of(std::string_view service) const {
  if (service == "live") return State::serving;
  if (!service.empty() && service != "ready") return State::service_unknown;
  return process_.ready() ? State::serving : State::not_serving;
}

void AdminHandler::reject(net::HttpExchange& exchange, uint16_t status, const char* reason) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  const std::string_view text = reason;
  append_head(exchange, status, "text/plain; charset=utf-8", text.size() + 1);
  exchange.append_connection_field();
  wire::end_head(exchange.out());
  exchange.out().append(text);
  exchange.out().append('\n');
}

runtime::Task<AdminHandler::Answer> AdminHandler::answer(net::HttpExchange& exchange) {
  const std::string_view method = exchange.head.method_text;
  std::string allowed;  // of this page, but not what was asked
  for (const Route& route : routes()) {
    if (route.path != exchange.head.path) continue;
    if (!route.open && !may_enter(exchange)) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      if (!token_.required())
        co_return Answer{.status = 421, .body = "ask for this page by address or as localhost\n"};
      co_return Answer{.status = 401,
                       .body = "this page needs Authorization: Bearer TOKEN\n",
                       .extra_name = "WWW-Authenticate",
                       .extra_value = "Bearer"};
    }
    if (method == route.method || (method == "HEAD" && route.method == "GET"))
      co_return co_await (this->*route.page)(exchange);
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  if (!allowed.empty())
    co_return Answer{.status = 405,
                     .body = "this page is for " + allowed + '\n',
                     .extra_name = "Allow",
                     .extra_value = allowed};
  co_return Answer{.status = 404, .body = "no such page; / lists those that there are\n"};
}

bool AdminHandler::may_enter(const net::HttpExchange& exchange) const {
  // Who has shown a certificate asked for us by the name in ours.
  if (!token_.required()) return exchange.client_verified() || is_own_name(exchange.head.host);
  const wire::Fields& fields = exchange.head.fields;
  return !fields.repeated(KnownField::authorization) &&
         token_.opens(fields.value(KnownField::authorization));
}

runtime::Task<AdminHandler::Answer> AdminHandler::index(net::HttpExchange&) {
  std::string body =
      "<!doctype html><html lang=en><meta charset=utf-8><title>Weir: admin</title>"
      "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
      "dt{font-family:monospace;margin-top:.8em}dd{margin:0}</style><h1>Weir</h1><dl>";
  for (const Route& route : routes()) {
    const std::string path(route.path);
    const bool link = route.method == "GET";
    body += "<dt>" + std::string(route.method) + ' ';
    if (link) body.append("<a href=\"").append(path).append("\">");
    body += path;
    if (link) body += "</a>";
    body += "</dt><dd>" + std::string(route.prose) + "</dd>";
  }
  body += "</dl></html>\n";
  co_return Answer{.content_type = html, .body = std::move(body)};
}

runtime::Task<AdminHandler::Answer> AdminHandler::live(net::HttpExchange&) {
  co_return Answer{.body = "live\n"};
}

runtime::Task<AdminHandler::Answer> AdminHandler::ready(net::HttpExchange&) {
  if (process_.ready()) co_return Answer{.body = "ready\n"};
  co_return Answer{.status = 503, .body = "not ready: starting or draining\n"};
}

runtime::Task<AdminHandler::Answer> AdminHandler::metrics(net::HttpExchange& exchange) {
  const auto format = telemetry::exposition_format(exchange.head.fields.value(KnownField::accept));
  Answer made{.content_type = telemetry::content_type(format)};
  const Duration begin = thread_cpu_time();
  telemetry::write_exposition(registry_.collect(), format, made.body, process_.examples());
  process_.count_scrape(thread_cpu_time() - begin);
  co_return made;
}

runtime::Task<AdminHandler::Answer> AdminHandler::config(net::HttpExchange&) {
  co_return Answer{.content_type = "application/yaml", .body = process_.config()};
}

runtime::Task<AdminHandler::Answer> AdminHandler::reload(net::HttpExchange&) {
  ReloadAnswer done = process_.reload();
  co_return Answer{.status = static_cast<uint16_t>(done.accepted ? 200 : 422),
                   .content_type = json,
                   .body = std::move(done.json)};
}

runtime::Task<AdminHandler::Answer> AdminHandler::cpu_profile(net::HttpExchange& exchange) {
  uint64_t length = profile_seconds_default;
  if (const auto text = query_value(exchange.head.query, "seconds")) {
    const auto parsed = parse_u64(*text);
    if (!parsed || *parsed < 1 || *parsed > profile_seconds_max)
      co_return Answer{.status = 400, .body = "seconds must be a whole number from 1 to 60\n"};
    length = *parsed;
  }
  auto profile = CpuProfile::start();
  if (!profile) co_return Answer{.status = 409, .body = profile.error() + '\n'};
  runtime::Shard& shard = exchange.shard();
  (void)co_await runtime::sleep(
      shard.reactor(),
      {after(shard.now(), seconds(static_cast<int64_t>(length))), &shard.draining()});
  (*profile)->stop();
  co_return Answer{.body = folded_stacks((*profile)->samples())};
}

runtime::Task<AdminHandler::Answer> AdminHandler::heap_profile(net::HttpExchange&) {
  HeapReport report = heap_report();
  co_return Answer{.status = static_cast<uint16_t>(report.available ? 200 : 501),
                   .body = std::move(report.text)};
}

runtime::Task<AdminHandler::Answer> AdminHandler::build(net::HttpExchange&) {
  Answer made;
  for (const auto& [name, value] : process_.build_facts())
    made.body.append(name).append(": ").append(value).append("\n");
  co_return made;
}

}  // namespace weir::admin

#include "edge/test_route.h"

#include <array>
#include <vector>

#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/forward.h"
#include "edge/http_span.h"
#include "wire/http1_write.h"
#include "wire/json_text.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

using runtime::Task;

constexpr telemetry::SpanDecl call_span{"test.call", telemetry::SpanKind::client};
constexpr Duration call_timeout = seconds(5);

struct Call {
  std::string origin;  // "http://127.0.0.1:7777"
  std::string target;
  std::string_view arguments;  // JSON
};

// Errors: what is wrong with the URL, for the caller.
Result<> find_target(std::string_view text, Call& call) {
  const Result<wire::Url> url = wire::parse_url(text);
  if (!url || url->scheme != wire::Scheme::http)
    return fail(ErrorCode::invalid, "url: expected http://HOST:PORT/PATH");
  const bool named = url->authority.host == "localhost";
  const Result<Address> address = Address::parse_ip(named ? "127.0.0.1" : url->authority.address());
  if (!address || !address->is_loopback())
    return fail(ErrorCode::invalid, "url: only loopback addresses are called");
  call.origin = "http://";
  call.origin += named ? "127.0.0.1" : std::string(url->authority.host);
  call.origin += ":" + std::to_string(url->port());
  call.target = url->path.empty() ? "/" : url->path;
  if (url->has_query) call.target.append("?").append(url->query);
  return {};
}

Result<Call> parse_call(std::string_view element) {
  Call call;
  Result<> found = fail(ErrorCode::invalid, "each call is an object with url and arguments");
  wire::each_json_member(element, [&](std::string_view name, std::string_view value) {
    if (name == "\"arguments\"") call.arguments = value;
    if (name == "\"url\"") found = find_target(wire::json_string(value).value_or(""), call);
  });
  if (!found) return std::unexpected(found.error());
  if (!call.arguments.starts_with('['))
    return fail(ErrorCode::invalid, "arguments: expected an array");
  return call;
}

Result<std::vector<Call>> parse_calls(std::string_view body) {
  const auto list = wire::take_json(body);
  if (!list || !body.empty() || !list->starts_with('['))
    return fail(ErrorCode::invalid, "the body of /test is no JSON array");
  std::vector<Call> calls;
  Result<> parsed;
  wire::each_json_element(*list, [&](std::string_view element) {
    if (!parsed) return;
    Result<Call> call = parse_call(element);
    if (call && calls.size() < test_calls_max) return calls.push_back(*std::move(call));
    parsed = std::unexpected(call ? Error{ErrorCode::limit, "more calls than /test makes"}
                                  : call.error());
  });
  if (!parsed) return std::unexpected(parsed.error());
  return calls;
}

Task<Result<std::string>> read_whole_body(net::HttpExchange& exchange) {
  std::string body;
  for (;;) {
    Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return body;
    if (body.size() + piece->size() > test_body_bytes_max)
      co_return fail(ErrorCode::limit, "the body of /test is too long");
    body += *piece;
  }
}

// The status of the answer, whose body is read and forgotten.
Task<Result<uint16_t>> ask(EdgeRequest& request, net::OriginClient& client, const Call& call,
                           telemetry::SpanRef span) {
  const runtime::Wait wait = request.exchange.wait_at_most(call_timeout);
  Result<std::unique_ptr<net::OriginExchange>> exchange = co_await client.open(wait);
  if (!exchange) co_return std::unexpected(exchange.error());
  Buffer head;
  wire::append_request_line(head, "POST", call.target);
  wire::append_field(head, "Host", client.authority());
  wire::append_field(head, "Content-Type", std::string_view("application/json"));
  wire::append_content_length(head, call.arguments.size());
  append_trace_context(head, request, span);
  wire::end_head(head);
  std::array<iovec, 2> parts{runtime::part(head.view()), runtime::part(call.arguments)};
  WEIR_CO_CHECK(co_await (*exchange)->send(parts, wait));
  (*exchange)->request_complete();
  Result<wire::ResponseHead*> answer =
      co_await (*exchange)->receive_head(wire::RequestMethod::post, wait);
  while (answer && (*answer)->interim)
    answer = co_await (*exchange)->receive_head(wire::RequestMethod::post, wait);
  if (!answer) co_return std::unexpected(answer.error());
  const uint16_t status = (*answer)->status;
  while (!(*exchange)->body().done())
    if (const auto piece = co_await (*exchange)->read(wait); !piece)
      co_return std::unexpected(piece.error());
  (*exchange)->finish();
  co_return status;
}

Task<Result<uint16_t>> make_call(EdgeRequest& request, const Call& call) {
  runtime::Shard& shard = request.edge.shard();
  auto share = net::OriginShare::make(net::origin_with_defaults(call.origin), shard.shard_count());
  if (!share) co_return std::unexpected(share.error());
  net::LiteralResolver addresses_only;
  net::OriginClient client(shard, *share, addresses_only, request.edge.metrics().recorder());
  const telemetry::SpanRef span = start_asking(
      request.trace, call_span, client.share(),
      {"POST", call.target, "", 1, request.edge.service().telemetry().full_spans}, shard.now());
  const Result<uint16_t> status = co_await ask(request, client, call, span);
  if (status)
    note_answer(request.trace, span, *status);
  else
    note_failure(request.trace, span, status.error());
  request.trace.end(span, shard.now());
  request.edge.metrics().test_calls.add();
  co_await client.stop();
  co_return status;
}

}  // namespace

bool wants_test_calls(const EdgeRequest& request) {
  return request.head().method == wire::RequestMethod::post &&
         request.head().path == test_route_path;
}

Task<> make_test_calls(EdgeRequest& request) {
  const Result<std::string> body = co_await read_whole_body(request.exchange);
  if (!body) {
    request.exchange.close_after();
    const bool too_long = body.error().code == ErrorCode::limit;
    co_return answer_error(request, too_long ? 413 : 400, body.error().text);
  }
  const Result<std::vector<Call>> calls = parse_calls(*body);
  if (!calls) co_return answer_error(request, 400, calls.error().text);
  Buffer text;
  wire::JsonWriter json(text);
  json.begin_array();
  for (const Call& call : *calls) {
    const Result<uint16_t> status = co_await make_call(request, call);
    json.begin_object().member("url", call.origin + call.target);
    status ? json.member("status", *status) : json.member("error", status.error().text);
    json.end_object();
  }
  json.end_array();
  begin_page(request, 200);
  end_answer(request, "application/json", text.view());
}

}  // namespace weir::edge

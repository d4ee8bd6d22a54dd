#include "demo/demo_paths.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/units.h"
#include "demo/demo_answer.h"
#include "demo/demo_origin.h"
#include "runtime/waiter.h"
#include "wire/json_writer.h"

namespace weir::demo {
namespace {

using net::HttpExchange;
using runtime::Task;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view binary_type = "application/octet-stream";

constexpr Duration stream_step = milliseconds(100);
constexpr int stream_lines = 50;
// Between the first part of an answer and its mishap, so that the first part arrives.
constexpr Duration mishap_pause = milliseconds(20);
constexpr uint64_t broken_bytes_promised = 64 * 1024;

// The bytes of /large: this, over and over.
const std::string& large_block() {
  static const std::string block = [] {
    std::string text;
    for (uint32_t line = 0; text.size() < 64 * KiB; ++line) {
      std::string number = std::to_string(line);
      number.insert(0, 6 - std::min<size_t>(6, number.size()), '0');
      text += "weir " + number + " abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJ\n";
    }
    text.resize(64 * KiB);
    return text;
  }();
  return block;
}

// False when it was cut short, because the shard closes.
Task<bool> pause(HttpExchange& exchange, Duration time) {
  co_return (co_await runtime::sleep(exchange.reactor(), exchange.wait_at_most(time))).has_value();
}

// Two digits at least.
std::string padded(unsigned number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string iso_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  std::string millis = std::to_string(clock.subseconds().count());
  millis.insert(0, 3 - millis.size(), '0');
  return std::to_string(static_cast<int>(date.year())) + "-" +
         padded(static_cast<unsigned>(date.month())) + "-" +
         padded(static_cast<unsigned>(date.day())) + "T" +
         padded(static_cast<unsigned>(clock.hours().count())) + ":" +
         padded(static_cast<unsigned>(clock.minutes().count())) + ":" +
         padded(static_cast<unsigned>(clock.seconds().count())) + "." + millis + "Z";
}

void answer_request_as_json(HttpExchange& exchange) {
  const wire::RequestHead& head = exchange.head;
  Buffer body;
  wire::JsonWriter json(body);
  json.begin_object().member("method", head.method_text).member("target", head.target);
  json.member("client", exchange.client().to_string());
  json.key("headers").begin_array();
  for (const wire::Field& field : head.fields)
    json.begin_array().value(field.name).value(field.value).end_array();
  json.end_array().end_object();
  body.append('\n');
  answer(exchange, {.content_type = json_type}, body.view());
}

}  // namespace

std::optional<uint64_t> query_number(std::string_view query, std::string_view name,
                                     uint64_t fallback) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=") continue;
    const Result<uint64_t> number = parse_u64(pair.substr(name.size() + 1));
    return number ? std::optional(*number) : std::nullopt;
  }
  return fallback;
}

bool none_match_hits(const wire::Fields& fields, std::string_view etag) {
  wire::ListElements elements(fields, wire::KnownField::if_none_match);
  std::string_view element;
  while (elements.next(element)) {
    if (element == "*") return true;
    if (element.starts_with("W/")) element.remove_prefix(2);
    if (element == etag) return true;
  }
  return false;
}

Task<> serve_time(HttpExchange& exchange, std::string_view) {
  const WallTime now = exchange.reactor().wall_now();
  Buffer body;
  wire::JsonWriter json(body);
  json.begin_object().member("now", iso_time(now));
  json.member("unix_ms", nanos(now) / 1'000'000).end_object();
  body.append('\n');
  answer(exchange, {.content_type = json_type}, body.view());
  co_return;
}

Task<> serve_echo(HttpExchange& exchange, std::string_view) {
  if (exchange.body().done()) {
    answer_request_as_json(exchange);
    co_return;
  }
  // Our head comes behind a "100 Continue", so the first piece is read before it is written.
  Result<std::string_view> piece = co_await exchange.read_body();
  if (!piece) co_return exchange.abort();
  const wire::Field* type = exchange.head.fields.find(wire::KnownField::content_type);
  begin_streamed(exchange, {.content_type = type ? type->value : binary_type});
  while (!piece->empty()) {
    if (!is_head(exchange) && !co_await send_piece(exchange, *piece)) co_return;
    piece = co_await exchange.read_body();
    if (!piece) co_return exchange.abort();
  }
  if (!is_head(exchange)) end_streamed(exchange);
}

Task<> serve_status(HttpExchange& exchange, std::string_view rest) {
  const Result<uint64_t> number = parse_u64(rest);
  if (!number || rest.size() != 3 || *number < 200 || *number > 599) {
    answer_message(exchange, 400, "Write /status/NNN with a status from 200 to 599.");
    co_return;
  }
  const auto status = static_cast<uint16_t>(*number);
  std::string_view more;
  if (status == 401) more = "WWW-Authenticate: Basic realm=\"demo\"\r\n";
  if (status == 405) more = "Allow: GET, HEAD\r\n";
  if (status == 429 || status == 503) more = "Retry-After: 1\r\n";
  if (status >= 301 && status <= 308 && status != 304) more = "Location: /\r\n";
  answer_message(exchange, status, "You asked for this status.", more);
}

Task<> serve_early_hints(HttpExchange& exchange, std::string_view) {
  if (exchange.head.minor_version >= 1) {
    exchange.out().append(
        "HTTP/1.1 103 Early Hints\r\nLink: </styles.css>; rel=preload; as=style\r\n\r\n");
    if (!co_await exchange.flush()) co_return;
    if (!co_await pause(exchange, milliseconds(100))) co_return exchange.abort();
  }
  answer_message(exchange, 200, "The style was announced with a 103 before this page was ready.",
                 "Link: </styles.css>; rel=preload; as=style\r\n");
}

Task<> serve_stream(HttpExchange& exchange, std::string_view) {
  begin_streamed(exchange, {.content_type = text_type});
  if (is_head(exchange)) co_return;
  for (int line = 1; line <= stream_lines; ++line) {
    const std::string text = "line " + std::to_string(line) + " of " +
                             std::to_string(stream_lines) + " at " +
                             iso_time(exchange.reactor().wall_now()) + "\n";
    if (!co_await send_piece(exchange, text)) co_return;
    if (!co_await pause(exchange, stream_step)) co_return exchange.abort();
  }
  end_streamed(exchange);
}

Task<> serve_slow(HttpExchange& exchange, std::string_view) {
  const auto asked = query_number(exchange.head.query, "ms", 1000);
  if (!asked) {
    answer_message(exchange, 400, "ms must be a number of milliseconds.");
    co_return;
  }
  const uint64_t ms = std::min(*asked, slow_ms_max);
  if (!co_await pause(exchange, milliseconds(ms))) co_return exchange.abort();
  const std::string body = "{\"waited_ms\":" + std::to_string(ms) + "}\n";
  answer(exchange, {.content_type = json_type}, body);
}

Task<> serve_large(HttpExchange& exchange, std::string_view) {
  const auto asked = query_number(exchange.head.query, "bytes", 1 * MiB);
  if (!asked || *asked > large_bytes_max) {
    answer_message(exchange, 400, "bytes must be a number of at most 1073741824.");
    co_return;
  }
  const std::string etag = "\"large-" + std::to_string(*asked) + "\"";
  const std::string more = "ETag: " + etag + "\r\n";
  AnswerHead head{.content_type = text_type, .cache_control = "public, max-age=300", .more = more};
  if (none_match_hits(exchange.head.fields, etag)) {
    head.status = 304;
    head.content_type = {};
    co_return answer(exchange, head, {});
  }
  begin_sized(exchange, head, *asked);
  if (is_head(exchange)) co_return;
  uint64_t left = *asked;
  while (left > 0) {
    const std::array parts{std::string_view(large_block()).substr(0, left)};
    if (!co_await exchange.send(parts)) co_return;
    left -= parts[0].size();
  }
}

Task<> serve_reset(HttpExchange& exchange, std::string_view) {
  begin_sized(exchange, {.content_type = text_type}, broken_bytes_promised);
  if (is_head(exchange)) co_return;
  const std::array parts{std::string_view(large_block()).substr(0, broken_bytes_promised / 4)};
  if (!co_await exchange.send(parts)) co_return;
  (void)co_await pause(exchange, mishap_pause);
  exchange.abort();
}

Task<> serve_short(HttpExchange& exchange, std::string_view) {
  exchange.close_after();
  begin_sized(exchange, {.content_type = text_type}, broken_bytes_promised);
  if (!is_head(exchange))
    exchange.out().append(std::string_view(large_block()).substr(0, broken_bytes_promised / 4));
  co_return;
}

}  // namespace weir::demo

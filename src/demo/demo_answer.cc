#include "demo/demo_answer.h"

#include <array>
#include <string>

#include "wire/accept.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"
#include "wire/http_date.h"
#include "wire/json_writer.h"

namespace weir::demo {
namespace {

constexpr std::string_view nosniff = "X-Content-Type-Options: nosniff\r\n";

// All of the head but how the body is framed.
void append_head(net::HttpExchange& exchange, const AnswerHead& head) {
  Buffer& out = exchange.out();
  wire::append_status_line(out, head.status);
  out.append("Date: ");
  wire::append_http_date(out,
                         std::chrono::floor<std::chrono::seconds>(exchange.reactor().wall_now()));
  out.append("\r\nServer: weir-demo\r\n");
  if (!head.content_type.empty()) {
    wire::append_field(out, "Content-Type", head.content_type);
    out.append(nosniff);
  }
  if (!head.cache_control.empty()) wire::append_field(out, "Cache-Control", head.cache_control);
  out.append(head.more);
}

bool has_no_body(uint16_t status) {
  return status == 204 || status == 304;
}

bool is_chunked(const net::HttpExchange& exchange) {
  return exchange.head.minor_version >= 1;
}

}  // namespace

bool is_head(const net::HttpExchange& exchange) {
  return exchange.head.method == wire::RequestMethod::head;
}

void answer(net::HttpExchange& exchange, const AnswerHead& head, std::string_view body) {
  if (head.status == 205) body = {};  // RFC 9110 15.3.6
  append_head(exchange, head);
  Buffer& out = exchange.out();
  if (!has_no_body(head.status)) wire::append_content_length(out, body.size());
  exchange.append_connection_field();
  wire::end_head(out);
  if (!is_head(exchange) && !has_no_body(head.status)) out.append(body);
}

void answer_message(net::HttpExchange& exchange, uint16_t status, std::string_view text,
                    std::string_view more) {
  Buffer body;
  const std::string fields = "Vary: Accept\r\n" + std::string(more);
  AnswerHead head{.status = status, .more = fields};
  if (wire::prefers_json(exchange.head.fields)) {
    wire::JsonWriter json(body);
    json.begin_object().member("status", status).member("message", text).end_object();
    head.content_type = "application/json";
    return answer(exchange, head, body.view());
  }
  body.append("<!doctype html><meta charset=\"utf-8\"><title>");
  wire::append_decimal(body, status);
  body.append("</title><link rel=\"stylesheet\" href=\"/styles.css\"><main><h1>");
  wire::append_decimal(body, status);
  body.append(" ");
  body.append(wire::reason_phrase(status));
  body.append("</h1><p>");
  body.append(text);
  body.append("</p><p><a href=\"/\">What there is to try</a></p></main>\n");
  head.content_type = "text/html; charset=utf-8";
  answer(exchange, head, body.view());
}

void begin_sized(net::HttpExchange& exchange, const AnswerHead& head, uint64_t bytes) {
  append_head(exchange, head);
  wire::append_content_length(exchange.out(), bytes);
  exchange.append_connection_field();
  wire::end_head(exchange.out());
}

void begin_streamed(net::HttpExchange& exchange, const AnswerHead& head) {
  append_head(exchange, head);
  if (is_chunked(exchange))
    wire::append_field(exchange.out(), "Transfer-Encoding", std::string_view("chunked"));
  else
    exchange.close_after();
  exchange.append_connection_field();
  wire::end_head(exchange.out());
}

runtime::Task<bool> send_piece(net::HttpExchange& exchange, std::string_view piece) {
  if (piece.empty()) co_return true;
  if (!is_chunked(exchange)) {
    const std::array parts{piece};
    co_return (co_await exchange.send(parts)).has_value();
  }
  wire::append_chunk_head(exchange.out(), piece.size());
  const std::array parts{piece, std::string_view("\r\n")};
  co_return (co_await exchange.send(parts)).has_value();
}

void end_streamed(net::HttpExchange& exchange) {
  if (is_chunked(exchange)) wire::append_last_chunk(exchange.out());
}

}  // namespace weir::demo

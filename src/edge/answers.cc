#include "edge/answers.h"

#include <array>

#include "edge/edge_shard.h"
#include "edge/grpc_call.h"
#include "wire/accept.h"
#include "wire/grpc.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

// What a client is told; the reason itself is in the log.
std::string_view sentence(uint16_t status) {
  switch (status) {
    case 400:
      return "The request could not be understood.";
    case 404:
      return "Nothing is served under this name.";
    case 408:
      return "The request took too long to arrive.";
    case 413:
      return "The request is larger than this site accepts.";
    case 414:
      return "The address is longer than this server accepts.";
    case 421:
      return "This server is not the one for this address; the connection was made for another.";
    case 431:
      return "The header fields are larger than this server accepts.";
    case 501:
      return "The request asks for something that this server does not do.";
    case 502:
      return "The site behind this server did not answer as it should. Try again in a moment.";
    case 503:
      return "The site is busy. Try again in a moment.";
    case 504:
      return "The site behind this server took too long to answer. Try again in a moment.";
    case 505:
      return "This server speaks HTTP/1.1.";
    default:
      return "The request failed.";
  }
}

void append_json_page(Buffer& page, const EdgeRequest& request, uint16_t status) {
  wire::JsonWriter json(page);
  json.begin_object()
      .member("status", status)
      .member("error", wire::reason_phrase(status))
      .member("message", sentence(status))
      .member("request_id", request.id())
      .end_object();
  page.append('\n');
}

void append_html_page(Buffer& page, const EdgeRequest& request, uint16_t status) {
  page.append("<!doctype html><meta charset=utf-8><title>");
  wire::append_decimal(page, status);
  page.append(
      "</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh "
      "auto;max-width:34em;padding:0 1em}"
      "small{color:#777}</style><h1>");
  wire::append_decimal(page, status);
  page.append(" ");
  page.append(wire::reason_phrase(status));
  page.append("</h1><p>");
  page.append(sentence(status));
  page.append("<p><small>Request ");
  page.append(request.id());
  page.append("</small>\n");
}

wire::GrpcCode grpc_code_of(const EdgeRequest& request, uint16_t status) {
  if ((status == 504 || status == 408) && is_late_call(request))
    return wire::GrpcCode::deadline_exceeded;
  if (status == 413 || status == 431) return wire::GrpcCode::resource_exhausted;
  return wire::grpc_code_of_http(status);
}

void append_field(EdgeRequest& request, const HeaderEdits& edits, std::string_view name,
                  std::string_view value) {
  if (!edits.removes(name)) wire::append_field(request.out(), name, value);
}

// What the site changes in our pages; nothing where none is known.
const HeaderEdits& page_edits(const EdgeRequest& request) {
  static const HeaderEdits none;
  return request.site ? request.site->page_edits : none;
}

// Status line, Server, Date, and what the site adds to all its answers.
void begin_answer(EdgeRequest& request, uint16_t status, const HeaderEdits& edits) {
  Buffer& out = request.out();
  request.status = status;
  wire::append_status_line(out, status);
  if (!edits.removes("server")) out.append(request.generation.config().server_line);
  out.append(request.edge.date_line());
  out.append(edits.lines());
  if (request.site && request.site->cors)
    append_cors_fields(out, *request.site->cors,
                       request.head().fields.value(wire::KnownField::origin));
}

// The outcome of a call, in a head with nothing behind it. The client sees 200, as gRPC wants it;
// the log and the metrics see what a request of another kind would have been answered with.
void answer_call(EdgeRequest& request, uint16_t status) {
  Buffer& out = request.out();
  const HeaderEdits& edits = page_edits(request);
  begin_answer(request, 200, edits);
  request.status = status;
  request.grpc_status = grpc_code_of(request, status);
  append_field(request, edits, "X-Request-ID", request.id());
  wire::append_field(out, std::string_view("grpc-status"),
                     static_cast<uint64_t>(*request.grpc_status));
  Buffer message;
  wire::append_grpc_message(message, sentence(status));
  wire::append_field(out, "grpc-message", message.view());
  wire::append_field(out, "Content-Type", "application/grpc");
  wire::append_content_length(out, 0);
  request.exchange.append_connection_field();
  wire::end_head(out);
}

}  // namespace

void begin_page(EdgeRequest& request, uint16_t status) {
  begin_answer(request, status, page_edits(request));
  request.out().append("Cache-Control: no-store\r\n");
}

void end_answer(EdgeRequest& request, std::string_view content_type, std::string_view body) {
  Buffer& out = request.out();
  if (!content_type.empty()) wire::append_field(out, "Content-Type", content_type);
  if (request.status != 204 && request.status != 304) wire::append_content_length(out, body.size());
  request.exchange.append_connection_field();
  wire::end_head(out);
  if (request.head().method != wire::RequestMethod::head) out.append(body);
}

void answer_error(EdgeRequest& request, uint16_t status, const char* error) {
  request.error = error;
  if (request.grpc) return answer_call(request, status);
  begin_page(request, status);
  const HeaderEdits& edits = page_edits(request);
  append_field(request, edits, "X-Request-ID", request.id());
  if (status == 503) append_field(request, edits, "Retry-After", "1");
  Buffer page;
  const bool json = wire::prefers_json(request.head().fields);
  json ? append_json_page(page, request, status) : append_html_page(page, request, status);
  end_answer(request, json ? "application/json" : "text/html; charset=utf-8", page.view());
}

void end_late_call(EdgeRequest& request) {
  request.error = "the time of the call is over";
  request.grpc_status = wire::GrpcCode::deadline_exceeded;
  Buffer code, message;
  wire::append_decimal(code, static_cast<uint64_t>(*request.grpc_status));
  wire::append_grpc_message(message, sentence(504));
  std::array<wire::Field, 2> storage;
  wire::Fields trailers(storage);
  (void)trailers.push("grpc-status", code.view());
  (void)trailers.push("grpc-message", message.view());
  wire::append_last_chunk(request.out(), trailers);
}

void answer_text(EdgeRequest& request, uint16_t status, std::string_view text) {
  begin_page(request, status);
  end_answer(request, "text/plain; charset=utf-8", text);
}

void answer_fixed(EdgeRequest& request, const FixedAnswer& answer) {
  request.status = answer.status;
  net::HttpExchange& exchange = request.exchange;
  const bool with_body = request.head().method != wire::RequestMethod::head;
  const bool plain = !request.site->cors && request.head().minor_version == 1 && with_body &&
                     exchange.keep_alive();
  if (plain && answer.body.size() <= WrittenAnswer::body_bytes_max) {
    WrittenRun& run = request.edge.written_answer(request.generation, request.site_index);
    return exchange.append_pinned(run.bytes(), run.pin());
  }
  Buffer& out = request.out();
  out.append(answer.head);
  out.append(request.edge.date_line());
  if (request.site->cors)
    append_cors_fields(out, *request.site->cors,
                       request.head().fields.value(wire::KnownField::origin));
  exchange.append_connection_field();
  wire::end_head(out);
  if (with_body && !answer.body.empty())
    exchange.append_pinned(answer.body, request.edge.pin(request.generation));
}

void answer_redirect(EdgeRequest& request, const PathRule& rule) {
  begin_answer(request, rule.redirect, request.site->redirect_edits);
  Buffer location;
  append_target(location, rule, request.head().path, request.head().query);
  wire::append_field(request.out(), "Location", location.view());
  end_answer(request, {}, {});
}

void answer_preflight(EdgeRequest& request, const CorsPolicy& policy) {
  begin_answer(request, 204, request.site->response_edits);
  append_preflight_fields(request.out(), policy, request.head());
  end_answer(request, {}, {});
}

}  // namespace weir::edge

#include "edge/forward.h"

#include <algorithm>
#include <array>

#include "edge/edge_shard.h"
#include "edge/keep_hint.h"
#include "edge/own_fields.h"
#include "edge/rules/validators.h"
#include "wire/baggage.h"
#include "wire/forwarded.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"
#include "wire/propagation.h"
#include "wire/traceparent.h"

namespace weir::edge {
namespace {

using wire::BodyFraming;
using wire::Field;
using wire::KnownField;
using wire::KnownFieldSet;

// Framing and routing do not belong into trailers (RFC 9110 6.5.1), nor does who may read the
// answer.
constexpr KnownFieldSet never_in_trailers{
    KnownField::content_length, KnownField::transfer_encoding, KnownField::host,
    KnownField::trailer,        KnownField::connection,        KnownField::te,
    KnownField::upgrade,        KnownField::content_encoding,  KnownField::content_type,
    KnownField::content_range,  KnownField::set_cookie,        KnownField::authorization};

bool belongs_into_trailers(const Field& field) {
  return !never_in_trailers.contains(field.id) && !is_keep_hint(field) &&
         !is_cors_field(field.name);
}

// Appends the values of all fields of one name as one list, each followed by ", ".
void append_list_so_far(Buffer& out, const wire::Fields& fields, KnownField id) {
  if (!fields.has(id)) return;
  for (const Field& field : fields) {
    if (field.id != id || field.value.empty()) continue;
    out.append(field.value);
    out.append(", ");
  }
}

void append_via(Buffer& out, const wire::Fields& fields, std::string_view version,
                const std::string& name) {
  out.append("Via: ");
  append_list_so_far(out, fields, KnownField::via);
  out.append(version);
  out.append(' ');
  out.append(name);
  out.append("\r\n");
}

void append_target_line(Buffer& out, const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  out.append(head.method_text);
  out.append(' ');
  if (!request.rewritten.empty()) {
    out.append(request.rewritten.view());
  } else {
    out.append(head.path);
    if (head.has_query) {
      out.append('?');
      out.append(head.query);
    }
  }
  out.append(" HTTP/1.1\r\n");
}

void append_forwarded_for(Buffer& out, const EdgeRequest& request) {
  const wire::Fields& fields = request.head().fields;
  // "[" before and "]" behind the address, for those of IPv6 in Forwarded.
  std::array<char, 1 + 46 + 1> node;
  node.front() = '[';
  const std::string_view peer(&node[1], request.exchange.client().write_ip(&node[1]));
  node[1 + peer.size()] = ']';
  out.append("X-Forwarded-For: ");
  if (request.trusted) append_list_so_far(out, fields, KnownField::x_forwarded_for);
  out.append(peer);
  const auto told = [&](KnownField id, std::string_view own) {
    const std::string_view given = request.trusted ? fields.value(id) : "";
    return given.empty() ? own : given;
  };
  const std::string_view host = request.head().host.text;
  const std::string_view scheme = request.exchange.secure() ? "https" : "http";
  out.append("\r\nX-Forwarded-Proto: ");
  out.append(told(KnownField::x_forwarded_proto, scheme));
  out.append("\r\n");
  if (!host.empty())
    wire::append_field(out, "X-Forwarded-Host", told(KnownField::x_forwarded_host, host));
  out.append("Forwarded: ");
  if (request.trusted) append_list_so_far(out, fields, KnownField::forwarded);
  const bool v6 = peer.find(':') != peer.npos;
  const std::string_view client = v6 ? std::string_view(node.data(), peer.size() + 2) : peer;
  wire::append_forwarded(out, {.by = {}, .client = client, .host = host, .proto = scheme});
  out.append("\r\n");
}

void append_traceparent(Buffer& out, const TraceContext& context) {
  if (!context) return;  // no spans are recorded here, and none came with the request
  out.append("traceparent: ");
  wire::append_traceparent(out, context);
  out.append("\r\n");
}

// What whoever comes next must know to sample as we do.
wire::OtState sampling_of(const telemetry::Trace& trace) {
  wire::OtState state;
  if (trace.sampled() && trace.threshold() < telemetry::randomness_end)
    state.threshold = trace.threshold();
  if (trace.drew_randomness()) state.randomness = trace.randomness();
  return state;
}

wire::RemoteContext remote_context(const EdgeRequest& request) {
  return wire::extract_context(request.head().fields, request.trusted);
}

void append_trace_context(Buffer& out, const EdgeRequest& request, telemetry::SpanRef span,
                          const wire::RemoteContext& remote) {
  append_traceparent(out, request.trace.context(span));
  Buffer members;
  wire::append_tracestate(members, sampling_of(request.trace), remote);
  if (!members.empty()) wire::append_field(out, "tracestate", members.view());
}

void append_trusted_fields(Buffer& out, const EdgeRequest& request,
                           const wire::RemoteContext& remote) {
  if (!request.trusted) return;
  const HeaderEdits& edits = request.site->request_edits;
  const wire::Fields& fields = request.head().fields;
  for (const Field& field : fields)
    if (kept_from_trusted.contains(field.id) && field.id != KnownField::baggage &&
        !edits.removes(field))
      wire::append_field(out, field);
  const Field* baggage = fields.find(KnownField::baggage);
  if (!baggage || edits.removes(*baggage)) return;
  Buffer members;
  const size_t left_out = wire::append_baggage(members, remote.baggage);
  if (left_out > 0) request.edge.metrics().baggage_left_out.add(left_out);
  if (!members.empty()) wire::append_field(out, "baggage", members.view());
}

void append_who_asks(Buffer& out, const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  append_forwarded_for(out, request);
  append_via(out, head.fields, request.exchange.http_version(), request.generation.config().name);
  wire::append_field(out, "X-Request-ID", request.id());
}

void append_request_framing(Buffer& out, const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  if (head.framing.kind == BodyFraming::Kind::content_length)
    wire::append_content_length(out, head.framing.length);
  if (head.framing.kind == BodyFraming::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (head.upgrade_websocket) out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  if (wire::list_contains(head.fields, KnownField::te, "trailers") && !head.upgrade_websocket)
    out.append("TE: trailers\r\nConnection: TE\r\n");
}

template <typename LeftOut>
void append_fields(Buffer& out, const wire::Fields& fields, const KnownFieldSet& rewritten,
                   LeftOut left_out) {
  const wire::HopByHop hop_by_hop(fields);
  for (const Field& field : fields) {
    if (hop_by_hop(field) || rewritten.contains(field.id) || is_keep_hint(field)) continue;
    if (!left_out(field)) wire::append_field(out, field);
  }
}

}  // namespace

bool FieldFilter::operator()(const Field& field) const {
  if (field.id != KnownField::unknown && known.contains(field.id)) return true;
  for (const std::string& name : names)
    if (wire::equal_ignoring_case(name, field.name)) return true;
  return false;
}

void append_origin_request(Buffer& out, const EdgeRequest& request, std::string_view authority,
                           telemetry::SpanRef span) {
  const wire::RequestHead& head = request.head();
  append_target_line(out, request);
  const bool pass_host = request.site->pass_host && !head.host.text.empty();
  wire::append_field(out, "Host", pass_host ? head.host.text : authority);
  const HeaderEdits& edits = request.site->request_edits;
  append_fields(out, head.fields, own_in_request,
                [&](const Field& field) { return edits.removes(field); });
  out.append(edits.lines());
  const wire::RemoteContext remote = remote_context(request);
  append_trusted_fields(out, request, remote);
  append_request_framing(out, request);
  append_who_asks(out, request);
  append_trace_context(out, request, span, remote);
  wire::end_head(out);
}

void append_trace_context(Buffer& out, const EdgeRequest& request, telemetry::SpanRef span) {
  append_trace_context(out, request, span, remote_context(request));
}

bool passes_condition_on(const EdgeRequest& request) {
  const wire::Fields& fields = request.head().fields;
  if (!fields.has_any(answered_by_304)) return false;
  const wire::HopByHop hop_by_hop(fields);
  return std::ranges::any_of(fields, [&](const Field& field) {
    return answered_by_304.contains(field.id) && !hop_by_hop(field) &&
           !request.site->request_edits.removes(field);
  });
}

OriginAsk make_ask(const EdgeRequest& request, std::string_view target,
                   const FieldFilter& left_out) {
  const wire::RequestHead& head = request.head();
  OriginAsk ask;
  ask.target = target;
  if (request.site->pass_host) ask.host = head.host.text;
  const wire::HopByHop hop_by_hop(head.fields);
  const HeaderEdits& edits = request.site->request_edits;
  for (const Field& field : head.fields) {
    if (hop_by_hop(field) || own_in_request.contains(field.id) || left_out(field)) continue;
    if (!edits.empty() && edits.removes(field)) continue;
    wire::append_field(ask.fields, field);
    ask.conditional |= answered_by_304.contains(field.id);
  }
  ask.fields.append(edits.lines());
  const wire::RemoteContext remote = remote_context(request);
  append_trusted_fields(ask.fields, request, remote);
  append_who_asks(ask.fields, request);
  // One of the members that there may be is ours, and written when the trace is known.
  (void)wire::append_tracestate(ask.tracestate, remote.tracestate, wire::ot_key, "-");
  ask.tracestate.consume(std::min(ask.tracestate.size(), wire::ot_key.size() + sizeof "=-," - 1));
  ask.ot = remote.ot;
  return ask;
}

void append_ask(Buffer& out, const OriginAsk& ask, std::string_view authority,
                const telemetry::Trace& trace, telemetry::SpanRef span) {
  wire::append_request_line(out, "GET", ask.target);
  wire::append_field(out, "Host", ask.host.empty() ? authority : ask.host);
  out.append(ask.fields.view());
  append_traceparent(out, trace.context(span));
  Buffer own;
  wire::append_ot_state(own, sampling_of(trace), ask.ot);
  const std::string_view between = own.empty() || ask.tracestate.empty() ? "" : ",";
  if (!own.empty() || !ask.tracestate.empty()) {
    out.append(own.empty() ? "tracestate: " : "tracestate: ot=");
    for (const std::string_view part : {own.view(), between, ask.tracestate.view()})
      out.append(part);
    out.append("\r\n");
  }
  wire::end_head(out);
}

void append_status_of_cache(EdgeRequest& request) {
  const EdgeConfig& config = request.generation.config();
  if (!request.site->cached || !config.cache.status_header) return;
  append_cache_status(request.out(), config.name, request.cache.status);
}

OutFraming framing_for_client(const EdgeRequest& request, const wire::ResponseHead& head) {
  switch (head.framing.kind) {
    case BodyFraming::Kind::none:
      return OutFraming::none;
    case BodyFraming::Kind::content_length:
      return OutFraming::content_length;
    case BodyFraming::Kind::chunked:
    case BodyFraming::Kind::until_close:
      break;
  }
  return request.head().minor_version == 0 ? OutFraming::until_close : OutFraming::chunked;
}

void append_client_response(EdgeRequest& request, const wire::ResponseHead& head,
                            OutFraming framing) {
  Buffer& out = request.out();
  request.status = head.status;
  wire::append_status_line(out, head.status, head.reason);
  const Site& site = *request.site;
  append_fields(out, head.fields, own_in_response, [&](const Field& field) {
    return site.response_edits.removes(field) || site.replaces(field);
  });
  out.append(site.response_edits.lines());
  if (!head.fields.has(KnownField::date)) out.append(request.edge.date_line());
  append_via(out, head.fields, head.http_version(), request.generation.config().name);
  append_status_of_cache(request);
  pass_on_keep_hint(request);
  if (site.cors)
    append_cors_fields(out, *site.cors, request.head().fields.value(KnownField::origin));
  if (framing == OutFraming::chunked) out.append("Transfer-Encoding: chunked\r\n");
  // An answer to HEAD, and a 304, may say how long the body would be.
  if (framing == OutFraming::content_length || framing == OutFraming::none) {
    const std::string_view length = head.fields.value(KnownField::content_length);
    if (!length.empty()) wire::append_field(out, "Content-Length", length);
  }
  if (framing == OutFraming::until_close) request.exchange.close_after();
  if (head.upgrade_websocket) {
    out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  } else {
    request.exchange.append_connection_field();
  }
  wire::end_head(out);
}

void append_interim_response(EdgeRequest& request, const wire::ResponseHead& head) {
  Buffer& out = request.out();
  wire::append_status_line(out, head.status, head.reason);
  append_fields(out, head.fields, own_in_response,
                [&](const Field& field) { return request.site->replaces(field); });
  wire::end_head(out);
}

void append_end_of_chunks(Buffer& out, const wire::Fields* trailers, bool with_trailers) {
  std::array<Field, 32> storage;
  wire::Fields kept(storage);
  if (with_trailers && trailers) {
    for (const Field& field : *trailers)
      if (belongs_into_trailers(field)) (void)kept.push(field);
  }
  wire::append_last_chunk(out, kept);
}

}  // namespace weir::edge

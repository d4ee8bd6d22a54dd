#include "edge/http_span.h"

#include "base/buffer.h"
#include "telemetry/attribute.h"

namespace weir::edge {

using telemetry::AttributeKey;
using telemetry::SpanRef;
using telemetry::SpanStatus;
using telemetry::Trace;

SpanRef start_asking(Trace& trace, const telemetry::SpanDecl& decl, const net::OriginShare& asked,
                     const Asking& asking, MonoTime now) {
  const SpanRef span = trace.start(decl, now);
  if (!span) return span;
  trace.set(span, AttributeKey::http_request_method, asking.method);
  trace.set(span, AttributeKey::server_address, asked.host());
  trace.set(span, AttributeKey::server_port, asked.port());
  if (asking.attempt > 1)
    trace.set(span, AttributeKey::http_request_resend_count, asking.attempt - 1);
  if (!asking.full) return span;
  Buffer url;
  for (const std::string_view part :
       {std::string_view(asked.scheme() == wire::Scheme::https ? "https://" : "http://"),
        std::string_view(asked.authority()), asking.target,
        std::string_view(asking.query.empty() ? "" : "?"), asking.query})
    url.append(part);
  trace.set(span, AttributeKey::url_full, url.view());
  return span;
}

void note_answer(Trace& trace, SpanRef span, uint16_t status) {
  trace.set(span, AttributeKey::http_response_status_code, status);
  if (status < 400) return;
  trace.set(span, AttributeKey::error_type, StatusText(status).view());
  if (status >= 500)
    trace.status(span, SpanStatus::error);
  else
    trace.refused(span);
}

void note_failure(Trace& trace, SpanRef span, const Error& error) {
  trace.status(span, SpanStatus::error, error.text);
  trace.set(span, AttributeKey::error_type, to_string(error.code));
}

}  // namespace weir::edge

#include "wire/propagation.h"

#include "wire/baggage.h"
#include "wire/traceparent.h"

namespace weir::wire {
namespace {

template <class Headers>
RemoteContext extract(const Headers& headers, bool trusted) {
  RemoteContext remote;
  if (trusted) remote.baggage = {headers, KnownField::baggage};
  remote.parent = trace_context_of({headers, KnownField::traceparent});
  if (!remote.parent) return remote;
  remote.tracestate = {headers, KnownField::tracestate};
  if (trusted)
    remote.ot = tracestate_member(remote.tracestate, ot_key);
  else
    remote.parent->flags &= TraceContext::random;
  return remote;
}

}  // namespace

RemoteContext extract_context(const Fields& fields, bool trusted) {
  return extract(fields, trusted);
}
RemoteContext extract_context(std::span<const MessageHeader> headers, bool trusted) {
  return extract(headers, trusted);
}

void append_tracestate(Buffer& out, const OtState& sampling, const RemoteContext& remote) {
  Buffer own;
  append_ot_state(own, sampling, remote.ot);
  (void)append_tracestate(out, remote.tracestate, ot_key, own.view());
}

Injected inject_context(MessageHeaders& headers, Buffer& text, const LocalContext& local,
                        const RemoteContext& remote) {
  const size_t begin = text.size();
  if (local.span) append_traceparent(text, local.span);
  const size_t traceparent_end = text.size();
  if (local.span) append_tracestate(text, local.sampling, remote);
  const size_t tracestate_end = text.size();
  Injected injected{true, append_baggage(text, remote.baggage)};
  for (const KnownField name :
       {KnownField::traceparent, KnownField::tracestate, KnownField::baggage})
    headers.remove(field_name(name));
  const auto push = [&](KnownField name, size_t from, size_t to) {
    if (from == to) return;
    injected.complete &= headers.push({field_name(name), text.view().substr(from, to - from)});
  };
  push(KnownField::traceparent, begin, traceparent_end);
  push(KnownField::tracestate, traceparent_end, tracestate_end);
  push(KnownField::baggage, tracestate_end, text.size());
  return injected;
}

}  // namespace weir::wire

#pragma once
// TraceEncoder: finished traces as one ExportTraceServiceRequest (opentelemetry-proto 1.x), written
// straight from the records in the export queue; no tree of objects between them. Owns the bytes of
// one request at a time. One thread.
//
//   ExportTraceServiceRequest   1 ResourceSpans
//   ResourceSpans               1 Resource   2 ScopeSpans
//   Resource                    1 KeyValue...
//   ScopeSpans                  1 InstrumentationScope   2 Span...
//   Span   1 trace_id   2 span_id   3 trace_state   4 parent_span_id   5 name   6 kind   7 start
//          8 end   9 KeyValue...   10 dropped_attributes   11 Event...   13 Link...   15 Status
//          16 flags
//   KeyValue  1 key   2 AnyValue (1 text   2 bool   3 int   4 double)
//   Event     1 time   2 name   3 KeyValue...
//   Link      1 trace_id   2 span_id   6 flags
//   Status    2 message   3 code

#include "base/buffer.h"
#include "otlp/resource.h"
#include "telemetry/span_record.h"
#include "telemetry/tracing.h"
#include "wire/protobuf_writer.h"

namespace weir::otlp {

class TraceEncoder {
 public:
  TraceEncoder(const Resource& resource, const telemetry::Tracing& clock);
  TraceEncoder(const TraceEncoder&) = delete;
  TraceEncoder& operator=(const TraceEncoder&) = delete;

  // Starts a request of at most `bytes_max` bytes.
  void begin(size_t bytes_max);
  // Adds the trace's spans; false, without effect, when they do not fit any more.
  bool add(const telemetry::TraceView& trace);
  // The request; until the next begin().
  std::string_view end();

 private:
  const telemetry::Tracing& clock_;
  Buffer resource_;  // encoded once, as is the scope
  Buffer scope_;
  Buffer out_;
  wire::ProtobufWriter writer_{out_};
  wire::ProtobufWriter::Mark resource_spans_{};
  wire::ProtobufWriter::Mark scope_spans_{};
  size_t bytes_max_ = 0;
};

}  // namespace weir::otlp

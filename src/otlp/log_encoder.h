#pragma once
// LogEncoder: log events and lines of the log as one ExportLogsServiceRequest (opentelemetry-proto
// 1.x), written straight from where they wait. Owns the bytes of one request at a time. One thread.
//
//   ExportLogsServiceRequest   1 ResourceLogs (1 Resource   2 ScopeLogs)
//   ScopeLogs                  1 InstrumentationScope   2 LogRecord...
//   LogRecord   1 time   2 severity number   3 severity text   5 body (AnyValue)   6 KeyValue...
//               7 dropped attributes   8 flags   9 trace_id   10 span_id   11 observed time
//               12 event name

#include "base/buffer.h"
#include "otlp/resource.h"
#include "telemetry/event_outbox.h"
#include "telemetry/log_events.h"
#include "telemetry/tracing.h"
#include "wire/protobuf_writer.h"

namespace weir::otlp {

class LogEncoder {
 public:
  LogEncoder(const Resource& resource, const telemetry::Tracing& clock);
  LogEncoder(const LogEncoder&) = delete;
  LogEncoder& operator=(const LogEncoder&) = delete;

  // Starts a request of at most `bytes_max` bytes.
  void begin(size_t bytes_max);
  // Adds a record; false, without effect, when it does not fit any more.
  bool add(const telemetry::LogView& record) { return add_record(record); }
  bool add(const telemetry::LoggedLine* line) { return add_record(*line); }
  // The request; until the next begin().
  std::string_view end();

 private:
  template <class Record>
  bool add_record(const Record& record);
  void write(const telemetry::LogView& record);
  // Its module is an attribute, as are its fields.
  void write(const telemetry::LoggedLine& line);
  void write_head(uint64_t time, telemetry::LogLevel level, std::string_view body);

  const telemetry::Tracing& clock_;
  Buffer resource_;  // encoded once, as is the scope
  Buffer scope_;
  Buffer out_;
  wire::ProtobufWriter writer_{out_};
  wire::ProtobufWriter::Mark resource_logs_{};
  wire::ProtobufWriter::Mark scope_logs_{};
  size_t bytes_max_ = 0;
};

}  // namespace weir::otlp

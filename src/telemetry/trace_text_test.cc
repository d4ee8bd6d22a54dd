#include "telemetry/trace_text.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "base/units.h"
#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl edge_request{"edge.request", SpanKind::server};
constexpr SpanDecl origin_fetch{"origin.fetch", SpanKind::client};
constexpr EventDecl retry{"retry"};

TelemetrySettings settings() {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.flight_recorder_bytes = 64 * KiB;
  return settings;
}

MonoTime at(int64_t ns) {
  return MonoTime(Duration(ns));
}

// The lines of what is in the ring since `since`.
std::string dump(const Tracer& tracer, MonoTime since = {}) {
  static TraceText text;
  std::string lines;
  tracer.ring().each_since(since, [&](const TraceView& trace) {
    lines += text.write(trace, 1'764'117'088'000'000'000);
  });
  return lines;
}

std::string without_ids(std::string line) {
  for (size_t at = 0; (at = line.find("\":\"", at)) != std::string::npos; ++at) {
    const size_t begin = at + 3, end = line.find('"', begin);
    const bool hex = line.find_first_not_of("0123456789abcdef", begin) == end && end - begin >= 16;
    if (hex) line.replace(begin, end - begin, std::to_string((end - begin) / 2));
  }
  return line;
}

}  // namespace

TEST_CASE("a trace is a line of JSON with all that was recorded") {
  Tracing tracing(1, settings(), 7);
  {
    Trace trace(tracing.tracer(0));
    const SpanRef root = trace.start(edge_request, at(1'000));
    trace.set(root, AttributeKey::url_path, "/a\"b\n");
    const SpanRef fetch = trace.start(origin_fetch, at(2'500));
    trace.set(fetch, AttributeKey::quantity, 1.5);
    trace.event(fetch, retry, at(3'000));
    trace.set_on_event(fetch, AttributeKey::reason, "reset");
    trace.event(fetch, retry, at(4'000));
    trace.status(fetch, SpanStatus::error, "gone");
    trace.end(fetch, at(5'000));
    trace.set(root, AttributeKey::cache_hit, false);
    trace.end(root, at(124'456'000));
  }
  CHECK(without_ids(dump(tracing.tracer(0))) ==
        R"({"trace":"16","ended":"2025-11-26T00:31:28.124456Z","duration_us":124455,)"
        R"("kept":"error","spans":[{"name":"edge.request","id":"8","start_us":0,)"
        R"("duration_us":124455,"attributes":{"url.path":"/a\"b\u000a","cache.hit":false}},)"
        R"({"name":"origin.fetch","id":"8","parent":"8","start_us":1.500,"duration_us":2.500,)"
        R"("status":"error","attributes":{"quantity":1.5},"why":"gone","events":[)"
        R"({"name":"retry","at_us":2,"reason":"reset"},{"name":"retry","at_us":3}]}]})"
        "\n");
}

TEST_CASE("the largest trace with the longest escapes fits") {
  Tracing tracing(1, settings(), 7);
  {
    Trace trace(tracing.tracer(0));
    for (size_t i = 0; i < Trace::spans_max; ++i)
      trace.end(trace.start(edge_request, at(1)), at(1'000'000'000'000'000));
    for (int i = 0; i < 128; ++i)
      trace.set(SpanRef{0}, AttributeKey::http_request_method_original, std::string(200, '\1'));
    const std::string longest(300, '\1');
    const PaddedText name{longest.data(), 255};
    trace.finish(at(1'000'000'000'000'001), {999, 5, RequestRecord::secure, longest, name, name});
  }
  const std::string line = dump(tracing.tracer(0));
  CHECK(line.ends_with("]}\n"));
  CHECK(line.find("cut") == std::string::npos);
  CHECK(line.size() > 8000);
}

TEST_CASE("a dump begins at the time that was asked for") {
  Tracing tracing(1, settings(), 7);
  for (int64_t i = 1; i <= 10; ++i) {
    Trace trace(tracing.tracer(0));
    trace.end(trace.start(edge_request, at(i * 1000)), at(i * 1000 + 1));
  }
  const std::string lines = dump(tracing.tracer(0), at(6'001));
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 5);
}

}  // namespace weir::telemetry

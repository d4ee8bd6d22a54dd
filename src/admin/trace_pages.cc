// The page that shows the flight recorders.
#include "admin/admin_handler.h"
#include "admin/query_value.h"
#include "base/units.h"
#include "telemetry/trace_text.h"

namespace weir::admin {
namespace {

constexpr uint64_t seconds_default = 10, seconds_max = 3600;
// Of one answer; the newest traces are left out beyond it, and the last line says so.
constexpr size_t answer_bytes_max = 16 * MiB;
constexpr std::string_view json_lines = "application/x-ndjson";

std::optional<TraceId> parse_trace_id(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  std::array<uint64_t, 2> halves{};
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t digit = std::string_view("0123456789abcdef").find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    halves[i / 16] = halves[i / 16] << 4 | digit;
  }
  return TraceId{halves[0], halves[1]};
}

struct Wanted {
  MonoTime since;
  std::optional<TraceId> trace;
};

std::string lines_of(const telemetry::Tracing& tracing, const Wanted& wanted) {
  std::string lines;
  bool cut = false;
  const auto text = std::make_unique<telemetry::TraceText>();
  for (unsigned shard = 0; shard < tracing.shards(); ++shard)
    tracing.tracer(shard).ring().each_since(wanted.since, [&](const telemetry::TraceView& trace) {
      if (wanted.trace && trace.header().trace != *wanted.trace) return;
      if (lines.size() > answer_bytes_max)
        cut = true;
      else
        lines += text->write(trace, tracing.wall_ns(0));
    });
  if (cut) lines += "{\"cut\":true}\n";
  return lines;
}

}  // namespace

runtime::Task<AdminHandler::Answer> AdminHandler::traces(net::HttpExchange& exchange) {
  if (stranger(exchange.head.query, {"trace", "seconds"}))
    co_return Answer{.status = 400, .body = "the parameters are trace and seconds\n"};
  Wanted wanted;
  uint64_t length = seconds_default;
  if (const auto text = query_value(exchange.head.query, "trace")) {
    wanted.trace = parse_trace_id(*text);
    if (!wanted.trace)
      co_return Answer{.status = 400, .body = "trace must be 32 hexadecimal digits\n"};
    length = seconds_max;
  }
  if (const auto text = query_value(exchange.head.query, "seconds")) {
    const auto parsed = parse_u64(*text);
    if (!parsed || *parsed < 1 || *parsed > seconds_max)
      co_return Answer{.status = 400, .body = "seconds must be a whole number from 1 to 3600\n"};
    length = *parsed;
  }
  wanted.since = exchange.shard().now() - seconds(static_cast<int64_t>(length));
  co_return Answer{.content_type = json_lines, .body = lines_of(process_.tracing(), wanted)};
}

}  // namespace weir::admin

#include "edge/access_log.h"

#include "edge/edge_shard.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

using wire::KnownField;

// "2026-11-23T08:46:14.123456Z"
void append_time(Buffer& out, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto micros = std::chrono::duration_cast<microseconds>(time - day).count();
  char* at = out.reserve(32);
  char* const begin = at;
  const auto digits = [&at](int64_t value, int count, char behind) {
    for (int i = count; i-- > 0; value /= 10)
      at[i] = static_cast<char>('0' + value % 10);
    at[count] = behind;
    at += count + 1;
  };
  digits(static_cast<int>(date.year()), 4, '-');
  digits(static_cast<unsigned>(date.month()), 2, '-');
  digits(static_cast<unsigned>(date.day()), 2, 'T');
  digits(micros / 3'600'000'000, 2, ':');
  digits(micros / 60'000'000 % 60, 2, ':');
  digits(micros / 1'000'000 % 60, 2, '.');
  digits(micros % 1'000'000, 6, 'Z');
  out.commit(static_cast<size_t>(at - begin));
}

void append_if_given(wire::JsonWriter& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.member(key, value);
}

void append_line(Buffer& line, EdgeRequest& request, Duration duration, uint64_t bytes_out) {
  const wire::RequestHead& head = request.head();
  line.append("{\"time\":\"");
  append_time(line, request.exchange.reactor().wall_now());
  line.append("\",");
  Buffer& out = line;
  wire::JsonWriter json(out);
  json.member("request_id", request.id())
      .member("client", request.client())
      .member("method", head.method_text)
      .member("scheme", request.exchange.secure() ? "https" : "http")
      .member("host", head.host.text)
      .member("path", head.path);
  append_if_given(json, "query", head.query);
  json.member("protocol", head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1")
      .member("status", request.status)
      .member("bytes", bytes_out)
      .member("duration_us", duration / microseconds(1));
  if (request.site) json.member("site", request.site->name);
  if (request.cache.result != CacheResult::none)
    json.member("cache", to_string(request.cache.result));
  if (!request.origin.empty())
    json.member("origin", request.origin)
        .member("origin_us", request.origin_time / microseconds(1))
        .member("attempts", request.attempts);
  append_if_given(json, "referer", head.fields.value(KnownField::referer));
  append_if_given(json, "user_agent", head.fields.value(KnownField::user_agent));
  if (request.error) json.member("error", request.error);
  line.append("}\n");
}

}  // namespace

void write_access_log(EdgeRequest& request, Duration duration, uint64_t bytes_out) {
  telemetry::LineLog::Producer* log = request.edge.access_log();
  if (!log) return;
  const double rate = request.edge.service().telemetry().access_log_rate;
  if (rate < 1 && request.exchange.reactor().random().unit() >= rate) return;
  Buffer& line = request.edge.log_line();
  line.clear();
  append_line(line, request, duration, bytes_out);
  char* room = log->reserve(line.size());
  if (!room) return;  // the producer has counted it
  std::memcpy(room, line.view().data(), line.size());
  log->commit(line.size());
}

}  // namespace weir::edge

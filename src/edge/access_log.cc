#include "edge/access_log.h"

#include "edge/edge_shard.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

using wire::KnownField;

// Writes `count` digits and `behind`; the end.
char* write_digits(char* at, uint64_t value, int count, char behind) {
  for (int i = count; i-- > 0; value /= 10)
    at[i] = static_cast<char>('0' + value % 10);
  at[count] = behind;
  return at + count + 1;
}

void write_second(char* at, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<uint64_t>((time - day) / seconds(1));
  at = write_digits(at, static_cast<uint64_t>(static_cast<int>(date.year())), 4, '-');
  at = write_digits(at, static_cast<unsigned>(date.month()), 2, '-');
  at = write_digits(at, static_cast<unsigned>(date.day()), 2, 'T');
  at = write_digits(at, second / 3600, 2, ':');
  at = write_digits(at, second / 60 % 60, 2, ':');
  write_digits(at, second % 60, 2, '.');
}

// What stands behind the time.
void append_members(Buffer& line, const EdgeRequest& request, Duration duration,
                    uint64_t bytes_out) {
  const wire::RequestHead& head = request.head();
  wire::JsonWriter json(line);
  json.member("request_id", request.id())
      .member("client", request.client())
      .member("method", head.method_text)
      .member("scheme", request.exchange.secure() ? "https" : "http")
      .member("host", head.host.text)
      .member("path", head.path);
  if (!head.query.empty()) json.member("query", head.query);
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
  if (head.fields.has(KnownField::referer))
    json.member("referer", head.fields.value(KnownField::referer));
  if (head.fields.has(KnownField::user_agent))
    json.member("user_agent", head.fields.value(KnownField::user_agent));
  if (request.error) json.member("error", request.error);
  line.append("}\n");
}

}  // namespace

void AccessLogLine::append_time(WallTime time) {
  const int64_t second = nanos(time) / 1'000'000'000;
  if (second != second_) [[unlikely]] {
    second_ = second;
    write_second(second_text_.data(), time);
  }
  const auto micros = static_cast<uint64_t>(nanos(time) % 1'000'000'000 / 1000);
  char* at = text_.reserve(second_text_.size() + 7);
  std::memcpy(at, second_text_.data(), second_text_.size());
  write_digits(at + second_text_.size(), micros, 6, 'Z');
  text_.commit(second_text_.size() + 7);
}

void write_access_log(EdgeRequest& request, Duration duration, uint64_t bytes_out) {
  telemetry::LineLog::Producer* log = request.edge.access_log();
  if (!log) return;
  const double rate = request.edge.service().telemetry().access_log_rate;
  if (rate < 1 && request.exchange.reactor().random().unit() >= rate) return;
  AccessLogLine& written = request.edge.log_line();
  Buffer& line = written.empty_text();
  line.append("{\"time\":\"");
  written.append_time(request.exchange.reactor().wall_now());
  line.append("\",");
  append_members(line, request, duration, bytes_out);
  char* room = log->reserve(line.size());
  if (!room) return;  // the producer has counted it
  std::memcpy(room, line.view().data(), line.size());
  log->commit(line.size());
}

}  // namespace weir::edge

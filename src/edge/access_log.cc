#include "edge/access_log.h"

#include "edge/edge_shard.h"
#include "wire/grpc.h"
#include "wire/json_line.h"

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

// The names, the punctuation and the numbers of a line, and what is never escaped, take less.
constexpr size_t fixed_bytes_max = 768;

// The longest that the line of this request may become.
size_t line_bytes_max(const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  size_t outside = request.id().size() + head.method_text.size() + head.host.text.size() +
                   head.path.size() + head.query.size() + request.origin.size() +
                   head.fields.value(KnownField::referer).size() +
                   head.fields.value(KnownField::user_agent).size();
  if (request.site) outside += request.site->name.size();
  if (request.error) outside += std::strlen(request.error);
  return fixed_bytes_max + wire::json_string_bytes_max(outside);
}

void add_field(wire::JsonLine& line, const EdgeRequest& request, KnownField field,
               std::string_view name) {
  if (!request.head().fields.has(field)) return;
  line.raw(name).quoted(request.head().fields.value(field));
}

void add_origin(wire::JsonLine& line, const EdgeRequest& request) {
  line.raw(R"(,"origin":)").quoted(request.origin);
  line.raw(R"(,"origin_us":)").number(request.origin_time / microseconds(1));
  line.raw(R"(,"attempts":)").number(request.attempts);
}

// A trace's id, which is 32 digits, or what a peer of ours sent.
void add_id(wire::JsonLine& line, const EdgeRequest& request) {
  if (request.trusted) {
    line.raw(R"(","request_id":)").quoted(request.id());
    return;
  }
  constexpr size_t digits = 32;
  WEIR_ASSERT(request.id_size == digits);
  line.raw(R"(","request_id":")").raw(std::string_view(request.id_text.data(), digits)).raw("\"");
}

void add_method(wire::JsonLine& line, const wire::RequestHead& head) {
  head.method == wire::RequestMethod::get ? line.raw(R"(","method":"GET")")
                                          : line.raw(R"(","method":)").quoted(head.method_text);
}

void add_members(wire::JsonLine& line, const EdgeRequest& request, Duration duration,
                 uint64_t bytes_out) {
  const wire::RequestHead& head = request.head();
  add_id(line, request);
  line.raw(R"(,"client":")").raw(request.client());
  add_method(line, head);
  request.exchange.secure() ? line.raw(R"(,"scheme":"https","host":)")
                            : line.raw(R"(,"scheme":"http","host":)");
  line.quoted(head.host.text).raw(R"(,"path":)").quoted(head.path);
  if (!head.query.empty()) line.raw(R"(,"query":)").quoted(head.query);
  line.raw(R"(,"protocol":"HTTP/)").raw(request.exchange.http_version()).raw(R"(","status":)");
  line.number(request.status);
  if (request.grpc_status)
    line.raw(R"(,"grpc_status":")").raw(wire::to_string(*request.grpc_status)).raw("\"");
  line.raw(R"(,"bytes":)").number(bytes_out);
  line.raw(R"(,"duration_us":)").number(duration / microseconds(1));
  if (request.site) line.raw(R"(,"site":)").quoted(request.site->name);
  if (request.cache.result != CacheResult::none)
    line.raw(R"(,"cache":")").raw(to_string(request.cache.result)).raw("\"");
  if (!request.origin.empty()) add_origin(line, request);
  add_field(line, request, KnownField::referer, R"(,"referer":)");
  add_field(line, request, KnownField::user_agent, R"(,"user_agent":)");
  if (request.error) line.raw(R"(,"error":)").quoted(request.error);
  line.raw("}\n");
}

}  // namespace

std::string_view AccessLogTime::text(WallTime time) {
  constexpr size_t fraction_at = 20;
  const int64_t micros = nanos(time) / 1000;
  if (micros != micros_) {
    const bool same_second = micros / 1'000'000 == micros_ / 1'000'000;
    micros_ = micros;
    if (!same_second) write_second(text_.data(), time);
    write_digits(text_.data() + fraction_at, static_cast<uint64_t>(micros % 1'000'000), 6, 'Z');
  }
  return {text_.data(), text_.size()};
}

void write_access_log(EdgeRequest& request, Duration duration, uint64_t bytes_out) {
  telemetry::LineLog::Producer* log = request.edge.access_log();
  if (!log) return;
  const double rate = request.edge.service().telemetry().access_log_rate;
  if (rate < 1 && request.exchange.reactor().random().unit() >= rate) return;
  char* const room = log->reserve(line_bytes_max(request));
  if (!room) return;  // the producer has counted it
  wire::JsonLine line(room);
  line.raw(R"({"time":")");
  line.raw(request.edge.log_time().text(request.exchange.reactor().wall_now()));
  add_members(line, request, duration, bytes_out);
  log->commit(line.size());
}

}  // namespace weir::edge

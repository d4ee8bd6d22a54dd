#include "net/health_checker.h"

#include <array>

#include "net/input_buffer.h"
#include "wire/http1_response.h"

namespace weir::net {

using runtime::Task;

namespace {

constexpr size_t fields_max = 100;

bool accepts(const HealthCheckSettings& settings, uint16_t status) {
  for (const std::string& text : settings.statuses) {
    const StatusRange range = *StatusRange::parse(text);
    if (status >= range.first && status <= range.last) return true;
  }
  return false;
}

}  // namespace

HealthChecker::HealthChecker(runtime::Shard& shard, OriginClient& client,
                             telemetry::Recorder& recorder, telemetry::EventLog* log)
    : shard_(shard),
      client_(client),
      share_(client.pool().share()),
      settings_(share_.settings().health),
      log_(log),
      healthy_(recorder.bind_dynamic(origin_healthy, {share_.authority()})),
      passed_(recorder.bind_dynamic(origin_health_checks, {share_.authority(), "passed"})),
      failed_(recorder.bind_dynamic(origin_health_checks, {share_.authority(), "failed"})) {
  healthy_.set(share_.healthy() ? 1 : 0);
}

Task<> HealthChecker::run(runtime::Cancel& stop) {
  for (;;) {
    const Result<uint16_t> status = co_await ask({after(shard_.now(), settings_.timeout), &stop});
    if (stop.requested()) co_return;
    judge(status);
    // Not in step with other processes.
    const auto tenth = static_cast<uint64_t>(settings_.interval.count()) / 10;
    const Duration pause =
        settings_.interval - settings_.interval / 20 +
        Duration(static_cast<int64_t>(shard_.reactor().random().below(tenth + 1)));
    if (!co_await runtime::sleep(shard_.reactor(), {after(shard_.now(), pause), &stop})) co_return;
  }
}

Task<Result<uint16_t>> HealthChecker::ask(runtime::Wait wait) {
  WEIR_CO_TRY(runtime::StreamPtr stream, co_await client_.dial(wait));
  const std::string& host = settings_.host.empty() ? share_.authority() : settings_.host;
  const std::string request = "GET " + settings_.path + " HTTP/1.1\r\nHost: " + host +
                              "\r\nUser-Agent: weir-health\r\nConnection: close\r\n\r\n";
  iovec part = runtime::part(request);
  WEIR_CO_CHECK(co_await stream->send(std::span(&part, 1), wait));
  InputBuffer input;
  std::array<wire::Field, fields_max> storage;
  wire::ResponseHead head{std::span<wire::Field>(storage)};
  const uint32_t most = share_.settings().head_bytes_max;
  const wire::HeadLimits limits{
      .line_bytes_max = most, .head_bytes_max = most, .field_bytes_max = most};
  for (size_t scanned = 0;;) {
    WEIR_CO_TRY(runtime::Chunk chunk, co_await stream->recv(wait));
    if (chunk.empty()) co_return fail(ErrorCode::closed, "it closed instead of answering");
    input.add(std::move(chunk));
    wire::HeadResult parsed;
    do {
      parsed = wire::parse_response_head(input.unread(), scanned, limits, wire::RequestMethod::get,
                                         head);
      if (parsed.malformed()) co_return fail(ErrorCode::invalid, parsed.reason);
      if (parsed.complete() && !head.interim) co_return head.status;
      if (parsed.complete()) input.consume(parsed.bytes);
      scanned = parsed.complete() ? 0 : parsed.bytes;
    } while (parsed.complete() && !input.empty());
  }
}

void HealthChecker::judge(const Result<uint16_t>& status) {
  const bool good = status && accepts(settings_, *status);
  (good ? passed_ : failed_).add();
  if (good == share_.healthy()) {
    in_row_ = 0;
    return;
  }
  if (++in_row_ < (good ? settings_.healthy_after : settings_.unhealthy_after)) return;
  in_row_ = 0;
  share_.set_healthy(good);
  healthy_.set(good ? 1 : 0);
  announce(status);
}

void HealthChecker::announce(const Result<uint16_t>& status) {
  if (!log_) return;
  const std::string reason =
      status ? "status " + std::to_string(*status) : std::string(status.error().text);
  if (share_.healthy())
    WEIR_LOG(*log_, telemetry::LogLevel::info, "origin", "passes its health checks again",
             {"origin", share_.authority()}, {"reason", reason});
  else
    WEIR_LOG(*log_, telemetry::LogLevel::warning, "origin", "fails its health checks",
             {"origin", share_.authority()}, {"reason", reason});
}

}  // namespace weir::net

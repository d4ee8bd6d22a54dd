#include "otlp/delivery.h"

#include <algorithm>

#include "runtime/waiter.h"

namespace weir::otlp {
namespace {

using runtime::Task;
using telemetry::LogLevel;

constexpr const char* module = "otlp";

}  // namespace

Delivery::Delivery(runtime::Shard& shard, DeliveryParts parts, const OtlpSettings& settings,
                   std::string_view version, DeliveredSignal signal)
    : shard_(shard),
      log_(parts.log),
      settings_(for_signal(settings, signal.signal)),
      items_(signal.items),
      transport_(make_transport(shard, {parts.recorder, parts.resolver, std::move(parts.receiver)},
                                settings_, version, signal.signal)),
      exported_(parts.recorder.family(signal.exported)),
      inflight_(parts.recorder.bind(signal.inflight)),
      duration_(parts.recorder.family(exporter_duration)),
      retries_(parts.recorder.bind(exporter_retries)),
      bytes_(parts.recorder.bind(exporter_bytes)) {
  (void)exported_.at({""});
}

Task<Delivery::Outcome> Delivery::send(Message message, uint64_t items, runtime::Cancel& last,
                                       runtime::Cancel& cancel) {
  const auto count = static_cast<int64_t>(items);
  inflight_.add(count);
  const Outcome outcome = co_await repeat(message, items, last, cancel);
  inflight_.subtract(count);
  co_return outcome;
}

Task<Delivery::Outcome> Delivery::repeat(Message message, uint64_t items, runtime::Cancel& last,
                                         runtime::Cancel& cancel) {
  Backoff backoff(settings_.retry, reactor().now());
  for (;;) {
    Duration asked{};
    const std::optional<Outcome> outcome = co_await attempt(message, items, cancel, asked);
    if (outcome) co_return *outcome;
    const auto pause = backoff.next(reactor().now(), asked, reactor().random());
    if (!pause || last.requested()) {
      exported_.at({failure_}).add(items);
      co_return Outcome{};
    }
    (void)co_await runtime::sleep(reactor(), {after(reactor().now(), *pause), &last});
    if (cancel.requested()) co_return Outcome{};
    retries_.add();
  }
}

Task<std::optional<Delivery::Outcome>> Delivery::attempt(Message message, uint64_t items,
                                                         runtime::Cancel& cancel, Duration& pause) {
  const MonoTime begin = reactor().now();
  const Result<Reply> reply =
      co_await transport_->post(message, {after(begin, settings_.timeout), &cancel});
  std::optional<Outcome> outcome;
  if (reply)
    outcome = judge(*reply, items, pause);
  else
    report("no connection to the receiver", to_string(reply.error().code), reply.error().text);
  if (outcome && outcome->delivered) bytes_.add(message.body.size());
  duration_.at({failure_}).record(reactor().fresh_now() - begin);
  co_return outcome;
}

std::optional<Delivery::Outcome> Delivery::judge(const Reply& reply, uint64_t items,
                                                 Duration& pause) {
  switch (reply.disposition) {
    case Disposition::delivered:
      return took(reply, items);
    case Disposition::retry:
      pause = reply.retry_after.value_or(Duration(0));
      report("the receiver is busy", reply.status, reply.why);
      return std::nullopt;
    case Disposition::refused:
      break;
  }
  report("the receiver refused a request", reply.status, reply.why);
  exported_.at({failure_}).add(items);
  return Outcome{};
}

// What is partly rejected is never sent again.
Delivery::Outcome Delivery::took(const Reply& reply, uint64_t items) {
  if (!failure_.empty())
    WEIR_LOG(log_, LogLevel::info, module, "the receiver takes again",
             {"to", transport_->authority()}, {"what", items_});
  failure_.clear();
  const PartialSuccess partial = parse_partial_success(reply.body);
  const uint64_t rejected = std::min(partial.rejected, items);
  exported_.at({""}).add(items - rejected);
  if (rejected > 0) exported_.at({"rejected"}).add(rejected);
  if (rejected > 0 || !partial.message.empty())
    WEIR_LOG(log_, LogLevel::warning, module, "the receiver rejected a part",
             {"to", transport_->authority()}, {"what", items_}, {"rejected", rejected},
             {"why", partial.message});
  return {true, rejected};
}

void Delivery::report(std::string_view what, std::string_view why, std::string_view detail) {
  failure_ = why;
  WEIR_LOG(log_, LogLevel::warning, module, what, {"to", transport_->authority()}, {"what", items_},
           {"reason", why}, {"detail", detail});
}

}  // namespace weir::otlp

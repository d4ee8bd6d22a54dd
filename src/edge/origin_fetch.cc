#include "edge/origin_fetch.h"

#include "edge/http_span.h"
#include "edge/keep_hint.h"
#include "edge/origin_choice.h"
#include "telemetry/attribute.h"

namespace weir::edge {
namespace {

using runtime::Task;
using runtime::Wait;
using telemetry::AttributeKey;

constexpr telemetry::SpanDecl origin_fetch_span{"origin.fetch", telemetry::SpanKind::client};

}  // namespace

Task<Result<FetchedAnswer>> OriginFetch::run(const OriginAsk& ask, Wait wait) {
  FailedAsk before;
  for (;;) {
    std::optional<net::FailedAttempt> again;
    SiteOrigin& origin = choose_origin(edge_, generation_, site_index_, failed_);
    Result<FetchedAnswer> answer = co_await attempt(ask, origin, wait, before, again);
    if (answer) co_return answer;
    if (!again) co_return std::unexpected(tell(to_tell({&origin, answer.error()}, before)));
    before = {&origin, answer.error(), *again};
    failed_ = &origin;
  }
}

// One attempt and its span. `again` is set, to what is known of it, when it failed and may be made
// once more.
Task<Result<FetchedAnswer>> OriginFetch::attempt(const OriginAsk& ask, SiteOrigin& origin,
                                                 Wait wait, const FailedAsk& before,
                                                 std::optional<net::FailedAttempt>& again) {
  ++attempts_;
  runtime::Reactor& reactor = edge_.shard().reactor();
  net::OriginClient& client = *origin.client;
  const MonoTime begin = reactor.now();
  const telemetry::SpanRef span = start_asking(
      trace_, origin_fetch_span, client.share(),
      {"GET", ask.target, "", attempts_, edge_.service().telemetry().full_spans}, begin);
  if (client_) {
    client_->origin = client.authority();
    client_->attempts = attempts_;
  }
  const auto failed = [&](Error error, net::FailedAttempt how) {
    note_failure(trace_, span, error);
    trace_.end(span, reactor.now());
    how.idempotent = how.body_replayable = true;
    how.elsewhere = has_elsewhere(generation_, site_index_, {&origin, error, how}, failed_);
    origin.estimate.record(LatencyEstimate::failure, reactor.now());
    if (client.may_retry(how, attempts_)) again = how;
    return std::unexpected(error);
  };
  Result<std::unique_ptr<net::OriginExchange>> exchange = co_await client.open(wait);
  const bool left_alone = !exchange && exchange.error().code == ErrorCode::breaker_open;
  settle_retry(before, !left_alone);
  if (left_alone) take_back_attempt();
  if (!exchange)
    co_return failed(exchange.error(), net::OriginClient::not_connected(exchange.error()));
  FetchedAnswer answer{.exchange = *std::move(exchange)};
  trace_.set(span, AttributeKey::network_protocol_version, answer.exchange->http_version());
  answer.times.requested = reactor.now();
  Buffer text;
  append_ask(text, ask, client.authority(), trace_, span);
  iovec part = runtime::part(text.view());
  const Result<> sent = co_await answer.exchange->send(std::span(&part, 1), wait);
  if (!sent) co_return failed(sent.error(), answer.exchange->failed(sent.error()));
  answer.exchange->request_complete();
  const auto head = co_await final_head(*answer.exchange, ask.conditional, wait);
  if (!head) co_return failed(head.error(), answer.exchange->failed(head.error()));
  answer.head = *head;
  answer.times.responded = reactor.now();
  answer.times.responded_wall = reactor.wall_now();
  origin.latency.record(reactor.now() - begin);
  origin.estimate.record(reactor.now() - begin, reactor.now());
  if (client_) client_->origin_time = reactor.now() - begin;
  note_answer(trace_, span, answer.head->status);
  take_keep_hint(edge_, trace_, *answer.exchange, answer.head->fields);
  trace_.end(span, reactor.now());
  co_return answer;
}

Error OriginFetch::tell(const FailedAsk& failed) {
  if (client_) client_->origin = failed.origin->client->authority();
  return failed.error;
}

void OriginFetch::take_back_attempt() {
  --attempts_;
  if (client_) client_->attempts = attempts_;
}

Task<Result<const wire::ResponseHead*>> OriginFetch::final_head(net::OriginExchange& exchange,
                                                                bool conditional, Wait wait) {
  for (;;) {
    Result<wire::ResponseHead*> head =
        co_await exchange.receive_head(wire::RequestMethod::get, wait);
    if (!head) co_return std::unexpected(head.error());
    if (!(*head)->interim) {
      if ((*head)->status == 101)
        co_return fail(ErrorCode::invalid, "the origin switched protocols unasked");
      if ((*head)->status == 304 && !conditional) co_return std::unexpected(unasked_304);
      co_return *head;
    }
    // 100 is for us, and HTTP/1.0 knows no interim answers.
    if (!client_ || (*head)->status == 100 || client_->head().minor_version == 0) continue;
    append_interim_response(*client_, **head);
    // Whether the client has left is seen when the answer goes out; the cache wants it anyway.
    (void)co_await client_->exchange.flush();
  }
}

}  // namespace weir::edge

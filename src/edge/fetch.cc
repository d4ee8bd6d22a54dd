#include "base/units.h"
#include "edge/answers.h"
#include "edge/deliver.h"
#include "edge/edge_shard.h"
#include "edge/forward.h"
#include "edge/grpc_call.h"
#include "edge/http_span.h"
#include "edge/keep_for_get.h"
#include "edge/keep_hint.h"
#include "edge/observe.h"
#include "edge/origin_choice.h"
#include "edge/rules/cache_key.h"
#include "edge/rules/validators.h"
#include "edge/steps.h"
#include "edge/tunnel.h"
#include "edge/upload.h"
#include "telemetry/attribute.h"
#include "wire/http1_chunked.h"

namespace weir::edge {
namespace {

using runtime::Task;
using telemetry::AttributeKey;
using wire::RequestMethod;

constexpr telemetry::SpanDecl origin_fetch_span{"origin.fetch", telemetry::SpanKind::client};

bool idempotent(RequestMethod method) {
  switch (method) {
    case RequestMethod::get:
    case RequestMethod::head:
    case RequestMethod::put:
    case RequestMethod::delete_:
    case RequestMethod::options:
      return true;
    default:
      return false;
  }
}

// Where there is a cache, what it cannot use is no answer for its clients either. Services of other
// methods mean something by a 304 of their own.
bool is_unasked_304(const EdgeRequest& request, const wire::ResponseHead& head) {
  return head.status == 304 && request.site->cached && looks_up(request.head().method) &&
         !passes_condition_on(request);
}

// What of a small body is here already. It goes with the head.
struct ReadyBody {
  std::string_view bytes;  // framed
  bool whole = false;      // nothing follows, and it can be sent again
  Buffer own;
};

// One attempt: its span, and what it takes to try again.
class Attempt {
 public:
  enum class Outcome : uint8_t { answered, retry };

  Attempt(EdgeRequest& request, SiteOrigin& origin, net::ClientWatch& watch,
          const ReadyBody& ready_body, FailedAsk& before)
      : request_(request),
        watch_(watch),
        origin_(origin),
        client_(*origin.client),
        ready_body_(ready_body),
        before_(before) {
    request_.origin = client_.authority();
    ++request_.attempts;
    begin_ = request_.exchange.reactor().now();
    span_ = start_asking(request_.trace, origin_fetch_span, client_.share(), asking(), begin_);
  }
  ~Attempt() { request_.trace.end(span_, request_.exchange.reactor().now()); }

  Task<Outcome> run() {
    const runtime::Wait wait{request_.exchange.deadline(), &watch_.abandoned()};
    Result<std::unique_ptr<net::OriginExchange>> opened = co_await client_.open(wait, offer());
    const bool left_alone = !opened && opened.error().code == ErrorCode::breaker_open;
    settle_retry(before_, !left_alone);
    if (!opened) {
      if (left_alone) --request_.attempts;
      co_return co_await fail_with(opened.error(),
                                   net::OriginClient::not_connected(opened.error()));
    }
    request_.trace.set(span_, AttributeKey::network_protocol_version, (*opened)->http_version());
    let_call_last(request_, **opened);
    co_return co_await ask(*opened);
  }

 private:
  Asking asking() const {
    const wire::RequestHead& head = request_.head();
    const bool full = request_.edge.service().telemetry().full_spans;
    if (!request_.rewritten.empty())
      return {head.method_text, request_.rewritten.view(), "", request_.attempts, full};
    return {head.method_text, head.path, head.query, request_.attempts, full};
  }

  // HTTP/2 has no upgrade.
  net::HttpOffer offer() const {
    return request_.head().upgrade_websocket ? net::HttpOffer::http1 : net::HttpOffer::either;
  }

  Task<Outcome> ask(std::unique_ptr<net::OriginExchange>& origin) {
    Buffer& head = origin->head_to_send();
    append_origin_request(head, request_, client_.authority(), span_);
    Upload upload(request_, *origin, watch_);
    const Result<> sent = co_await upload.begin(head.view(), ready_body_.bytes);
    Outcome outcome = Outcome::answered;
    // Even where sending failed an answer may be there; but not before anything was sent.
    if (!sent && !origin->reused() && origin->bytes_sent() == 0) {
      outcome = co_await fail_with(sent.error(), origin->failed(sent.error()));
    } else {
      outcome = co_await receive(origin, upload);
    }
    co_await upload.end();
    co_return outcome;
  }

  Task<Outcome> receive(std::unique_ptr<net::OriginExchange>& origin, Upload& upload) {
    const runtime::Wait wait{request_.exchange.deadline(), &upload.abandoned()};
    for (;;) {
      Result<wire::ResponseHead*> head =
          co_await origin->receive_head(request_.head().method, wait);
      if (!head) co_return co_await no_answer(head.error(), *origin, upload);
      if (is_unasked_304(request_, **head))
        co_return co_await no_answer(unasked_304, *origin, upload);
      if (!(*head)->interim) {
        if (!watch_.stop_probing()) co_await watch_.probed();
        co_await deliver_final(origin, **head, upload, wait);
        co_return Outcome::answered;
      }
      // 100 is for us; the client got its own when we wanted the body. HTTP/1.0 knows no interim
      // answers.
      if ((*head)->status == 100 || request_.head().minor_version == 0) continue;
      if (!watch_.stop_probing()) co_await watch_.probed();
      append_interim_response(request_, **head);
      if (!co_await request_.exchange.flush()) co_return give_up("the client left");
    }
  }

  Task<> deliver_final(std::unique_ptr<net::OriginExchange>& origin, const wire::ResponseHead& head,
                       Upload& upload, runtime::Wait wait) {
    const MonoTime now = request_.exchange.reactor().now();
    request_.origin_time = now - begin_;
    origin_.latency.record(request_.origin_time);
    origin_.estimate.record(request_.origin_time, now);
    note_answer(request_.trace, span_, head.status);
    take_keep_hint(request_.edge, request_.trace, *origin, head.fields);
    note_call_status(request_, head.fields);
    if (head.status == 101) {
      if (head.upgrade_websocket && request_.head().upgrade_websocket)
        co_return co_await tunnel(request_, *origin, head);
      co_return answer_error(request_, 502, "the origin switched protocols unasked");
    }
    co_await observe(request_, head);
    // An answer ahead of the request's end: the rest of the body is not wanted any more.
    const bool early =
        upload.state() == Upload::State::running || upload.state() == Upload::State::origin_failed;
    const FetchTimes times{begin_, now, request_.exchange.reactor().wall_now()};
    if (!early && is_answer_to_get(request_, head) &&
        co_await keep_for_get(request_, origin, head, times))
      co_return;
    co_await deliver(request_, *origin, head, wait);
    if (request_.grpc_status && head.status < 400)
      end_call(request_.trace, span_, *request_.grpc_status, CallSide::asked);
    if (watch_.client_left() && request_.error) {
      (void)give_up("the client left before the end of its answer");
      co_return;
    }
    if (early) request_.exchange.close_after();
  }

  Task<Outcome> no_answer(Error error, net::OriginExchange& origin, const Upload& upload) {
    if (upload.state() == Upload::State::too_large)
      co_return co_await refuse_body(413, "body exceeds the site's body_bytes_max");
    if (upload.state() == Upload::State::client_failed) {
      const Error broken = upload.client_error();
      if (broken.code == ErrorCode::invalid) co_return co_await refuse_body(400, broken.text);
      if (broken.code == ErrorCode::timed_out) co_return co_await refuse_body(408, broken.text);
      co_return give_up("the client did not send the whole body");
    }
    co_return co_await fail_with(error, origin.failed(error));
  }

  // What follows on the connection cannot be told apart from the rest of the body.
  Task<Outcome> refuse_body(uint16_t status, const char* why) {
    request_.exchange.close_after();
    return answer_with(status, why);
  }

  Task<Outcome> answer_with(uint16_t status, const char* why) {
    if (!watch_.stop_probing()) co_await watch_.probed();
    answer_error(request_, status, why);
    co_return Outcome::answered;
  }

  // Nobody is there to answer.
  Outcome give_up(const char* why) {
    request_.status = 499;
    request_.edge.metrics().client_aborts.add();
    request_.error = why;
    request_.exchange.abort();
    return Outcome::answered;
  }

  Task<Outcome> fail_with(Error error, net::FailedAttempt attempt) {
    if (watch_.client_left()) co_return give_up("the client left before there was an answer");
    note_failure(request_.trace, span_, error);
    origin_.estimate.record(LatencyEstimate::failure, request_.exchange.reactor().now());
    attempt.idempotent = idempotent(request_.head().method);
    attempt.elsewhere = has_elsewhere(request_.generation, request_.site_index,
                                      {&origin_, error, attempt}, before_.origin);
    const bool untouched = request_.exchange.body().bytes() == 0;
    const bool unseen = !attempt.connected || attempt.error == ErrorCode::refused;
    attempt.body_replayable =
        request_.exchange.body().framing().kind == wire::BodyFraming::Kind::none ||
        ready_body_.whole || (unseen && untouched);
    if (client_.may_retry(attempt, request_.attempts)) {
      before_ = {&origin_, error, attempt};
      co_return Outcome::retry;
    }
    const FailedAsk told = to_tell({&origin_, error, attempt}, before_);
    request_.origin = told.origin->client->authority();
    co_return co_await answer_with(status_for(request_, told.error.code), told.error.text);
  }

  EdgeRequest& request_;
  net::ClientWatch& watch_;
  SiteOrigin& origin_;
  net::OriginClient& client_;
  const ReadyBody& ready_body_;
  FailedAsk& before_;  // takes the place of the one before when this one is to be repeated
  MonoTime begin_;
  telemetry::SpanRef span_;
};

// The messages of a call that are here already: of one with a single small message, all of it.
void take_ready_messages(EdgeRequest& request, ReadyBody& ready) {
  net::BodyReader& body = request.exchange.body();
  if (request.site->body_bytes_max < request.exchange.input().unread().size()) return;
  for (;;) {
    const Result<std::string_view> piece = body.read_ready();
    if (!piece || piece->empty()) break;
    wire::append_chunk_head(ready.own, piece->size());
    ready.own.append(*piece);
    ready.own.append("\r\n");
  }
  ready.whole = body.done();
  if (ready.whole) append_end_of_chunks(ready.own, body.trailers(), true);
  ready.bytes = ready.own.view();
}

void take_ready_body(EdgeRequest& request, ReadyBody& ready) {
  net::BodyReader& body = request.exchange.body();
  if (request.grpc && body.framing().kind == wire::BodyFraming::Kind::chunked)
    return take_ready_messages(request, ready);
  if (body.framing().kind != wire::BodyFraming::Kind::content_length) return;
  if (request.exchange.input().unread().size() < body.framing().length) return;
  ready.bytes = body.read_ready().value_or(std::string_view());
  ready.whole = !ready.bytes.empty();
}

}  // namespace

Task<> fetch(EdgeRequest& request) {
  ReadyBody body;
  take_ready_body(request, body);
  begin_change(request);
  net::ClientWatch watch(request.exchange, request.generation.config().client_abort);
  FailedAsk before;
  for (;;) {
    SiteOrigin& origin =
        choose_origin(request.edge, request.generation, request.site_index, before.origin);
    Attempt attempt(request, origin, watch, body, before);
    if (co_await attempt.run() == Attempt::Outcome::answered) break;
  }
  if (!watch.stop_probing()) co_await watch.probed();
}

}  // namespace weir::edge

#include "edge/lead.h"

#include "edge/answers.h"
#include "edge/assemble.h"
#include "edge/deliver.h"
#include "edge/judge.h"
#include "edge/observe.h"
#include "edge/origin_choice.h"
#include "edge/refresh.h"
#include "edge/serve.h"
#include "edge/steps.h"
#include "edge/take_in.h"

namespace weir::edge {
namespace {

using runtime::Task;

Error origin_error(uint16_t status) {
  return status == 504 ? Error{ErrorCode::timed_out, "the origin answered with 504"}
                       : Error{ErrorCode::refused, "the origin answered with an error"};
}

// Why the store did not take what may be stored.
std::string_view why_refused(const cache::Store& store, const cache::ObjectDraft& draft,
                             std::optional<uint64_t> length) {
  if (length.value_or(0) > store.object_bytes_max()) return "too-large";
  if (draft.tags.size() > store.settings().tags_max) return to_string(StoreVerdict::tags);
  return "no-room";
}

}  // namespace

Lead::Lead(EdgeRequest& request, cache::Fill fill)
    : request_(request),
      edge_(request.edge),
      fill_(std::move(fill)),
      errand_(make_errand(request, !request.cache.object)) {}

Task<> Lead::run() {
  const bool whether = static_cast<bool>(request_.cache.object);
  if (!whether && co_await answered_from_parts()) co_return;
  Result<FetchedAnswer> answer = co_await ask(whether);
  if (!answer) co_return co_await failed(answer.error());
  const bool same = answer->head->status == 304 && whether;
  if (!same) co_return co_await answered(*std::move(answer));
  if (confirms(answer->head->fields,
               StoredAnswer::representation(*request_.cache.object).validators))
    co_return co_await confirmed(*std::move(answer));
  // It speaks of another copy: the whole is asked for.
  answer->exchange->finish();
  answer = co_await ask(false);
  if (!answer) co_return co_await failed(answer.error());
  co_await answered(*std::move(answer));
}

Task<bool> Lead::answered_from_parts() {
  const runtime::Wait wait{request_.exchange.deadline(), &edge_.shard().closing()};
  OriginFetch fetch(edge_, request_.generation, request_.site_index, request_.trace, &request_);
  CacheUse& cache = request_.cache;
  Pieces pieces = co_await gather(edge_, errand_, cache.directives, fetch, wait);
  if (pieces.kind == Pieces::Kind::none) co_return false;
  cache.status.forward = Forward::partial;
  if (pieces.kind == Pieces::Kind::failed) co_await failed(pieces.error);
  if (pieces.kind == Pieces::Kind::other) co_await answered(*std::move(pieces.answer));
  if (pieces.kind != Pieces::Kind::ready) co_return true;
  if (!has_room_for_fill(edge_, request_.generation) || !publish(edge_, errand_, pieces, fill_))
    co_return false;
  cache.status.stored = true;
  cache.status.forward_status = pieces.answer ? 206 : 0;
  if (!pieces.answer) {
    cache.result = CacheResult::hit;
    cache.status.hit = true;
    cache.status.forward = Forward::none;
  }
  cache::ObjectRef object(*fill_.object());
  assemble_beside(edge_, request_.generation, std::move(pieces), std::move(fill_));
  co_await serve_stored(std::move(object));
  co_return true;
}

Task<Result<FetchedAnswer>> Lead::ask(bool whether) {
  const runtime::Wait wait{request_.exchange.deadline(), &edge_.shard().closing()};
  const size_t plain = errand_.ask.fields.size();
  const bool conditional = errand_.ask.conditional;
  if (whether)
    append_whether(errand_.ask, StoredAnswer::representation(*request_.cache.object).validators);
  append_part_asked(errand_.ask.fields, errand_);
  OriginFetch fetch(edge_, request_.generation, request_.site_index, request_.trace, &request_);
  Result<FetchedAnswer> answer = co_await fetch.run(errand_.ask, wait);
  errand_.ask.fields.truncate(plain);
  errand_.ask.conditional = conditional;
  co_return answer;
}

Task<> Lead::failed(Error error) {
  // What ended this request alone is no reason for the others to give up.
  const bool ours =
      error.code == ErrorCode::cancelled || edge_.shard().now() >= request_.exchange.deadline();
  fill_.fail(error, ours ? cache::OnFailure::hand_on : cache::OnFailure::share);
  if (request_.cache.object) edge_.metrics().cache.unanswered.add();
  co_await stand_in(request_, error);
}

Task<> Lead::answered(FetchedAnswer answer) {
  const wire::ResponseHead& head = *answer.head;
  request_.cache.status.forward_status = head.status;
  const bool error = is_error_for_stale(head.status);
  if (request_.cache.object) count_change(error);
  if (error && may_stand_in(request_)) {
    fill_.fail(origin_error(head.status), cache::OnFailure::share);
    co_return co_await stand_in(request_, origin_error(head.status));
  }
  Draft draft;
  const Judge judge(errand_, answer.times, edge_.date_line());
  const StoreVerdict verdict = judge.answer(head, draft);
  if (verdict == StoreVerdict::store) co_return co_await store(std::move(answer), draft);
  if (error) {
    // Those who wait do not ask a failing origin one by one.
    fill_.fail(origin_error(head.status), cache::OnFailure::share);
    co_return co_await pass_on(std::move(answer), verdict);
  }
  // A mark for each part that somebody may ask for would leave no room for answers.
  const bool own = is_about_request(head.status, verdict);
  const Duration remember = request_.generation.config().cache.fill.uncacheable_time;
  fill_.decline(own || errand_.part ? Duration(0) : remember, to_string(verdict),
                own && !asks_specially() ? cache::OnFailure::hand_on : cache::OnFailure::share);
  // The client's copy holds and the cache has none. Without this, an address that is only asked for
  // with conditions would never be a hit.
  if (head.status == 304 && verdict == StoreVerdict::status) fetch_in_background(request_);
  co_await pass_on(std::move(answer), verdict);
}

// Those who wait for the answer to a question about a part, or under conditions, asked the same.
bool Lead::asks_specially() const {
  return errand_.part || has_precondition(request_.head().fields);
}

void Lead::count_change(bool error) {
  CacheMetrics& metrics = edge_.metrics().cache;
  (error ? metrics.unanswered : metrics.changed).add();
}

// A part of what is small is no reason to ask for the other parts one by one.
std::optional<Errand> Lead::whole_behind(const Draft& draft) {
  const uint64_t most = request_.generation.config().cache.fill.range_bytes_max;
  if (!draft.part() || draft.part()->whole_bytes > most) return std::nullopt;
  return for_whole(std::move(errand_));
}

Task<> Lead::store(FetchedAnswer answer, Draft& draft) {
  const bool room = has_room_for_fill(edge_, request_.generation);
  put_in_place(edge_, errand_, draft);
  const std::optional<uint64_t> length = length_of(*answer.head);
  if (!room || !fill_.publish(draft.object(), length)) {
    fill_.decline(Duration(0));
    request_.cache.status.detail = why_refused(edge_.store().store(), draft.object(), length);
    co_return co_await pass_on(std::move(answer), StoreVerdict::store);
  }
  request_.cache.status.stored = true;
  cache::ObjectRef object(*fill_.object());
  take_in_beside(edge_, request_.generation, std::move(answer), std::move(fill_),
                 whole_behind(draft));
  co_await serve_stored(std::move(object));
}

// Nobody gets the first byte of what is stored before every shard finds it: whoever asks again,
// wherever that arrives, for a part or with conditions, is answered from here.
Task<> Lead::serve_stored(cache::ObjectRef object) {
  const runtime::Wait wait{request_.exchange.deadline(), &edge_.shard().closing()};
  (void)co_await edge_.store().settled(request_.cache.hash, wait);
  co_await serve_fetched(request_, std::move(object));
}

Task<> Lead::confirmed(FetchedAnswer answer) {
  edge_.metrics().cache.same.add();
  CacheUse& cache = request_.cache;
  cache.result = CacheResult::revalidated;
  cache.status.forward_status = 304;
  const cache::Object& old = *cache.object;
  Draft draft;
  const Judge judge(errand_, answer.times, edge_.date_line());
  cache::ObjectRef object(old);
  co_await until_whole(edge_, old, {request_.exchange.deadline(), &edge_.shard().closing()});
  const StoreVerdict verdict = judge.update(old, *answer.head, draft);
  if (forbids_keeping(verdict)) co_return co_await kept_no_longer(std::move(answer));
  if (verdict == StoreVerdict::store) {
    if (auto updated = fill_.refresh(old, draft.object())) {
      cache.status.stored = true;
      object = *std::move(updated);
    }
  }
  if (!cache.status.stored) fill_.decline(Duration(0));
  answer.exchange->finish();
  answer.exchange.reset();
  co_await serve_stored(std::move(object));
}

// The stored answer still holds, but is not for all any more: this client gets what the origin says
// to it alone.
Task<> Lead::kept_no_longer(FetchedAnswer answer) {
  answer.exchange->finish();
  answer.exchange.reset();
  request_.cache.object = {};
  request_.cache.result = CacheResult::miss;
  co_await forget_own(request_);
  Result<FetchedAnswer> whole = co_await ask(false);
  if (!whole) co_return co_await failed(whole.error());
  co_await answered(*std::move(whole));
}

Task<> Lead::pass_on(FetchedAnswer answer, StoreVerdict verdict) {
  request_.cache.status.ttl_s.reset();
  if (verdict != StoreVerdict::store) {
    request_.cache.status.detail = to_string(verdict);
    edge_.metrics().cache.not_storable.at({to_string(verdict)}).add();
  }
  const runtime::Wait wait{request_.exchange.deadline(), &edge_.shard().closing()};
  co_await deliver(request_, *answer.exchange, *answer.head, wait);
}

Task<> serve_fetched(EdgeRequest& request, cache::ObjectRef object) {
  const bool from_disk = StoredAnswer::of(*object).from_disk;
  // Where a stored answer was looked at first, this one may be newer.
  std::optional<int64_t>& ttl_s = request.cache.status.ttl_s;
  if (ttl_s) {
    const MonoTime now = request.exchange.reactor().now();
    ttl_s = StoredAnswer::freshness_of(*object).fresh_for(now) / seconds(1);
  }
  const Result<> served = co_await serve(request, std::move(object));
  if (served) co_return;
  // It is broken on disk, or its front is gone since it is not stored: nothing has left yet, and an
  // origin has it.
  if (!from_disk && served.error().code != ErrorCode::limit)
    co_return answer_error(request, status_for(request, served.error().code), served.error().text);
  request.error = {};
  request.cache.result = CacheResult::miss;
  CacheStatus& status = request.cache.status;
  status.hit = status.stored = false;
  status.ttl_s.reset();
  status.forward = Forward::miss;
  status.detail = "gone";
  co_await fetch(request);
}

bool may_stand_in(const EdgeRequest& request) {
  const CacheUse& cache = request.cache;
  return cache.object &&
         may_serve_on_error(StoredAnswer::freshness_of(*cache.object), cache.directives,
                            request.site->cache, request.exchange.reactor().now());
}

Task<> stand_in(EdgeRequest& request, Error error) {
  request.error = error.text;
  if (!may_stand_in(request)) {
    answer_error(request, status_for(request, error.code), error.text);
    co_return;
  }
  request.cache.result = CacheResult::stale;
  co_await serve_fetched(request, cache::ObjectRef(*request.cache.object));
}

}  // namespace weir::edge

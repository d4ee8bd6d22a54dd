#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/observe.h"
#include "edge/parts.h"
#include "edge/refresh.h"
#include "edge/rules/cache_key.h"
#include "edge/rules/vary.h"
#include "edge/second_tier.h"
#include "edge/serve.h"
#include "edge/steps.h"
#include "edge/stored_answer.h"

namespace weir::edge {
namespace {

using wire::KnownField;
using Way = CacheUse::Way;

// From here on everybody who finds it asked for gets it anew, before it is too old.
constexpr uint8_t hot = cache::Object::heat_max;

// All but If-Range, with which the parts of what the client has are still to be had.
constexpr wire::KnownFieldSet conditions_of_one{KnownField::if_match, KnownField::if_none_match,
                                                KnownField::if_modified_since,
                                                KnownField::if_unmodified_since};

void pass(EdgeRequest& request, Forward why) {
  request.cache.way = Way::pass;
  request.cache.result = CacheResult::pass;
  request.cache.status.forward = why;
}

// Whether it is a request for the cache at all; otherwise it is passed on, or has no cache.
bool concerns_cache(EdgeRequest& request) {
  const Site& site = *request.site;
  if (!site.cached) return false;
  const wire::RequestHead& head = request.head();
  if (request.trusted && request.generation.config().cache.purge_method &&
      head.method_text == "PURGE") {
    request.cache.way = Way::purge;
    request.cache.result = CacheResult::pass;
    return false;
  }
  // Some clients say "Content-Length: 0" with every request.
  const bool plain = request.exchange.body().done() && !head.upgrade_websocket &&
                     head.form != wire::TargetForm::asterisk;
  if (!looks_up(head.method)) return pass(request, Forward::method), false;
  if (!plain) return pass(request, Forward::bypass), false;
  if (site.cache.bypasses(head.fields)) return pass(request, Forward::bypass), false;
  return true;
}

// The variant of the chain that the request gets; nullptr: none. Notes what variant would fit.
const cache::Object* choose_variant(EdgeRequest& request, const cache::Object* newest) {
  Buffer& wanted = request.edge.variant_scratch();
  const MonoTime now = request.exchange.reactor().now();
  std::string_view vary;  // that `wanted` is for
  wanted.clear();
  for (const cache::Object* each = newest; each; each = each->next_variant()) {
    if (each->kind() == cache::ObjectKind::uncacheable) {
      if (each->uncacheable(now) && each->variant() == wanted.view() &&
          !each->declined_for(reason_without_force(has_credentials(request.head().fields))))
        return each;
      continue;
    }
    if (is_part(*each)) continue;
    const std::string_view own = StoredAnswer::vary(*each);
    if (own != vary) {
      vary = own;
      wanted.clear();
      if (!append_variant_key(wanted, vary, request.head().fields)) continue;
    }
    if (each->variant() == wanted.view()) return each;
  }
  return nullptr;
}

// A part that has all of what is asked for, where the whole is not stored and the request's own
// conditions leave it a request for a part.
const cache::Object* choose_part(EdgeRequest& request, const cache::Object* newest) {
  const WallTime now = request.exchange.reactor().wall_now();
  const wire::Fields& fields = request.head().fields;
  const cache::Object* part = Parts(newest, fields, now).holding(*request.cache.part);
  if (!part) return nullptr;
  return evaluate(fields, StoredAnswer::representation(*part), now).range_applies ? part : nullptr;
}

// Whether some variant is stored, for whomever.
bool has_whole(const cache::Object* newest) {
  for (const cache::Object* each = newest; each; each = each->next_variant())
    if (each->kind() == cache::ObjectKind::answer && !is_part(*each)) return true;
  return false;
}

// Who likes one language best takes what is stored in it, however it was asked for.
const cache::Object* choose_language(EdgeRequest& request, const cache::Object* newest) {
  Buffer wanted;
  std::string_view language;
  for (const cache::Object* each = newest; each; each = each->next_variant()) {
    if (each->kind() != cache::ObjectKind::answer || is_part(*each)) continue;
    const std::string_view own = StoredAnswer::language_key(*each);
    if (own.empty()) continue;
    if (language.empty()) language = preferred_language(request.head().fields);
    if (language.empty()) return nullptr;
    wanted.clear();
    if (append_language_key(wanted, StoredAnswer::vary(*each), request.head().fields, language) &&
        wanted.view() == own)
      return each;
  }
  return nullptr;
}

bool wants_early_refresh(const EdgeRequest& request, const cache::Object& object,
                         const StoredFreshness& freshness, const ReuseDecision& decision) {
  const double share = request.generation.config().cache.refresh_ahead;
  if (object.heat() < hot || share <= 0) return false;
  const auto left = static_cast<double>(decision.fresh_for.count());
  return left < share * static_cast<double>(freshness.lifetime.count());
}

void note_status(EdgeRequest& request, const ReuseDecision& decision) {
  CacheStatus& status = request.cache.status;
  status.ttl_s = decision.fresh_for / seconds(1);
  status.forward = decision.forward;
}

// It is the answer: at once if it is small and whole.
void answer_from(EdgeRequest& request, const cache::Object& object, CacheResult result) {
  request.cache.result = result;
  request.cache.status.hit = true;
  request.cache.status.forward = Forward::none;
  object.touch();
  if (serve_at_once(request, object)) return;
  request.cache.way = Way::serve;
  request.cache.object = cache::ObjectRef(object);
}

// What an origin is to be asked for on behalf of all who want it.
void ask(EdgeRequest& request, Forward why) {
  CacheUse& cache = request.cache;
  cache.way = Way::ask;
  cache.result = CacheResult::miss;
  cache.status.forward = why;
  if (cache.key.empty()) cache.key = request.edge.key_scratch().view();
  Buffer& variant = request.edge.variant_scratch();
  if (cache.part) {
    // Who wants another part does not wait for this one.
    variant.append("\n#");
    append_range(variant, *cache.part);
  }
  cache.variant = variant.view();
}

void refuse(EdgeRequest& request) {
  request.cache.result = CacheResult::miss;
  answer_error(request, 504, "only-if-cached, and it is not");
}

// Whether it is for less than the whole; "bytes=0-" is for all of it. Notes a single part.
bool wants_part(EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  if (!head.fields.has(KnownField::range)) return false;
  const std::optional<RangeSpec> range = single_range(head.fields);
  if (range && range->first == uint64_t{0} && !range->last) return false;
  const bool stored = request.generation.config().cache.fill.parts_max > 0;
  if (stored && head.method == wire::RequestMethod::get) request.cache.part = range;
  return true;
}

// Who would not get here what could be stored, or nothing at all, may find it on disk.
bool look_on_disk_first(EdgeRequest& request, Forward why) {
  if (!may_be_on_disk(request)) return false;
  ask(request, why);
  request.cache.way = Way::disk;
  return true;
}

// `part`: it is for less than the whole.
void decide_on_miss(EdgeRequest& request, bool other_variants, bool part) {
  const Forward why = other_variants ? Forward::vary_miss : Forward::uri_miss;
  const bool refused = on_miss(request.cache.directives, request.site->cache) == Use::refuse;
  // A HEAD tells nothing that could be stored.
  const bool head = request.head().method == wire::RequestMethod::head;
  // Several parts, or one under conditions: what comes is for this client alone.
  const bool own =
      part && (!request.cache.part || request.head().fields.has_any(conditions_of_one));
  if ((refused || head || own) && look_on_disk_first(request, why)) return;
  if (refused) return refuse(request);
  if (head) return pass(request, why);
  if (own) {
    if (request.cache.key.empty()) request.cache.key = request.edge.key_scratch().view();
    request.cache.part.reset();
    request.cache.wants_whole = true;
    return pass(request, why);
  }
  ask(request, why);
}

void decide_on(EdgeRequest& request, const cache::Object& object) {
  const MonoTime now = request.exchange.reactor().now();
  const wire::Fields& fields = request.head().fields;
  if (has_precondition(fields) &&
      evaluate(fields, StoredAnswer::representation(object), request.exchange.reactor().wall_now())
              .outcome == Precondition::ask_origin)
    return pass(request, Forward::request);
  const StoredFreshness freshness = StoredAnswer::freshness_of(object);
  const ReuseDecision decision =
      may_reuse(freshness, request.cache.directives, request.site->cache, now);
  note_status(request, decision);
  switch (decision.use) {
    case Use::fresh:
      if (wants_early_refresh(request, object, freshness, decision)) [[unlikely]]
        refresh_in_background(request, object);
      return answer_from(request, object, CacheResult::hit);
    case Use::stale:
      return answer_from(request, object, CacheResult::stale);
    case Use::stale_while_revalidate:
      refresh_in_background(request, object);
      return answer_from(request, object, CacheResult::stale);
    case Use::refuse:
      return refuse(request);
    case Use::validate:
      break;
  }
  if (request.head().method == wire::RequestMethod::head) return pass(request, decision.forward);
  // If it has changed, a part of the new version is not what a client with If-Range can use.
  if (is_part(object) && has_precondition(fields)) return pass(request, decision.forward);
  ask(request, decision.forward);
  request.cache.object = cache::ObjectRef(object);
}

void look_at(EdgeRequest& request, std::string_view key) {
  CacheUse& cache = request.cache;
  const cache::Object* newest = request.edge.store().find(key, cache.hash);
  cache.seen = newest ? newest->stamp() : 0;
  const cache::Object* object = choose_variant(request, newest);
  if (!object) object = choose_language(request, newest);
  cache.part.reset();
  const bool part = !object && wants_part(request);
  if (cache.part && newest) object = choose_part(request, newest);
  if (!object) return decide_on_miss(request, has_whole(newest), part);
  if (object->kind() == cache::ObjectKind::answer) return decide_on(request, *object);
  if (on_miss(cache.directives, request.site->cache) == Use::refuse) return refuse(request);
  pass(request, Forward::miss);
  cache.status.detail = verdict_named(object->meta());
}

}  // namespace

void lookup(EdgeRequest& request) {
  if (!concerns_cache(request)) return;
  const wire::RequestHead& head = request.head();
  Buffer& key = request.edge.key_scratch();
  key.clear();
  if (!append_key_of(key, request, target_of(head, scheme_of(request))))
    return pass(request, Forward::bypass);
  request.cache.hash = request.edge.store().store().hash_of(key.view());
  request.cache.directives = request_directives(head.fields);
  look_at(request, key.view());
}

const cache::Object* find_stored(EdgeRequest& request) {
  Buffer key;
  if (!append_key_of(key, request, target_of(request.head(), scheme_of(request)))) return nullptr;
  request.cache.key = key.view();
  request.cache.hash = request.edge.store().store().hash_of(key.view());
  const cache::Object* found =
      choose_variant(request, request.edge.store().find(key.view(), request.cache.hash));
  return found && found->kind() == cache::ObjectKind::answer ? found : nullptr;
}

void look_again(EdgeRequest& request) {
  request.cache.object = {};
  look_at(request, request.cache.key);
}

}  // namespace weir::edge

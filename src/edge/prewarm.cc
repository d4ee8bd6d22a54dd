#include "edge/prewarm.h"

#include "edge/cache_desk.h"
#include "edge/errand.h"
#include "edge/parts.h"
#include "edge/refresh.h"
#include "edge/rules/cache_key.h"
#include "edge/rules/vary.h"
#include "edge/stored_answer.h"
#include "wire/http1_write.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

using runtime::Task;

// What browsers accept, so that they find the variant that is prewarmed.
constexpr std::string_view browser_fields =
    "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n";

constexpr std::array<std::string_view, static_cast<size_t>(Prewarmed::count)> names{
    "stored", "present", "not_storable", "failed", "unknown"};

// Whether it is the answer that a browser would get, whole and fresh.
bool is_wanted(const cache::Object& object, const wire::Fields& fields, MonoTime now) {
  if (object.kind() != cache::ObjectKind::answer || is_part(object)) return false;
  Buffer variant;
  return append_variant_key(variant, StoredAnswer::vary(object), fields) &&
         object.variant() == variant.view() && StoredAnswer::freshness_of(object).fresh(now);
}

bool is_fresh(EdgeShard& edge, const Errand& errand) {
  std::array<wire::Field, 8> storage;
  wire::Fields fields{std::span(storage)};
  if (!read_field_lines(errand.fields.view(), fields)) return false;
  const cache::Object* each = edge.store().find(errand.key, errand.key_hash);
  for (; each; each = each->next_variant())
    if (is_wanted(*each, fields, edge.shard().now())) return true;
  return false;
}

// What a browser would want of the URL; false: no origin has it.
bool make_errand(EdgeShard& edge, const std::string& text, Errand& errand) {
  const EdgeConfig& config = edge.config();
  const Site* site = nullptr;
  errand.key = key_of_url(config, text, &site);
  const auto url = wire::parse_url(text);
  if (errand.key.empty() || !url || !site->cached) return false;
  const std::string_view path = url->path.empty() ? "/" : url->path;
  const PathRule* rewrite = site->paths.empty() ? nullptr : site->paths.find(path);
  if (rewrite && rewrite->redirect) return false;
  // What the key leaves out the origin does not see.
  const QueryRule& rule = site->cache.query_rule_for(path);
  Buffer target, query;
  append_kept_query(query, url->query, rule);
  if (rewrite) {
    append_target(target, *rewrite, path, query.view());
  } else {
    target.append(path);
    if (!query.empty() || (url->has_query && !rule.rewrites())) target.append('?');
    target.append(query.view());
  }
  errand.key_hash = edge.store().store().hash_of(errand.key);
  errand.path = path;
  errand.site_index = static_cast<size_t>(site - config.sites.data());
  errand.policy = &site->cache;
  errand.ask.target = target.view();
  if (site->pass_host) errand.ask.host = url->authority.text;
  errand.ask.fields.append(browser_fields);
  errand.ask.fields.append(config.via_line);
  errand.ask.fields.append(url->scheme == wire::Scheme::https ? "X-Forwarded-Proto: https\r\n"
                                                              : "X-Forwarded-Proto: http\r\n");
  errand.ask.fields.append(site->request_edits.lines());
  errand.fields.append(browser_fields);
  return true;
}

Task<Prewarmed> prewarm(EdgeShard& edge, ShardGeneration& generation, Errand& errand) {
  if (is_fresh(edge, errand)) co_return Prewarmed::present;
  const Duration patience = generation.config().cache.fill.timeout;
  cache::Claim claim = co_await edge.store().claim(
      {.key = errand.key, .hash = errand.key_hash, .unbound_by = reason_without_force(false)},
      {after(edge.shard().now(), patience), &edge.fills().cancel()});
  if (claim.outcome == cache::ClaimOutcome::alone) co_return Prewarmed::not_storable;
  if (claim.outcome == cache::ClaimOutcome::ready) co_return Prewarmed::present;
  if (claim.outcome == cache::ClaimOutcome::look_again) {
    if (is_fresh(edge, errand)) co_return Prewarmed::present;
    claim.fill = edge.store().fill_alone(errand.key, errand.key_hash);
  }
  if (!claim.fill) co_return Prewarmed::failed;
  switch (co_await obtain_and_settle(edge, generation, errand, std::move(claim.fill))) {
    case Settled::stored:
      co_return Prewarmed::stored;
    case Settled::not_storable:
      co_return Prewarmed::not_storable;
    case Settled::failed:
      break;
  }
  co_return Prewarmed::failed;
}

Task<> work(EdgeShard& edge, PrewarmJobPtr job) {
  while (!edge.fills().cancel().requested()) {
    const std::string* url = job->take();
    if (!url) co_return;
    ShardGeneration& generation = edge.enter_current();
    Errand errand;
    job->note(make_errand(edge, *url, errand) ? co_await prewarm(edge, generation, errand)
                                              : Prewarmed::unknown);
    edge.leave(generation);
  }
}

}  // namespace

size_t PrewarmJob::done() const {
  size_t sum = 0;
  for (const auto& each : counts_)
    sum += each.load(std::memory_order_relaxed);
  return sum;
}

std::string PrewarmJob::json() const {
  Buffer text;
  wire::JsonWriter json(text);
  json.begin_object().member("total", total()).member("done", done());
  for (size_t i = 0; i < names.size(); ++i)
    json.member(names[i], count(static_cast<Prewarmed>(i)));
  json.end_object();
  text.append('\n');
  return std::string(text.view());
}

const std::string* PrewarmJob::take() {
  const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
  return index < urls_.size() ? &urls_[index] : nullptr;
}

void work_on(EdgeShard& edge, const PrewarmJobPtr& job, size_t workers) {
  for (size_t i = 0; i < workers; ++i)
    edge.fills().spawn(work(edge, job));
}

}  // namespace weir::edge

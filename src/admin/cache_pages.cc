// The pages of AdminHandler that are about the cache.
#include <expected>

#include "admin/admin_handler.h"
#include "admin/query_value.h"
#include "base/units.h"
#include "runtime/waiter.h"
#include "wire/url.h"

namespace weir::admin {
namespace {

using runtime::Task;

// Longer than the cache takes for anything.
constexpr Duration answer_time = seconds(30);
constexpr Duration look_every = milliseconds(1);
constexpr uint64_t list_bytes_max = 64 * MiB;
constexpr uint64_t hot_default = 100, hot_max = 1'000'000;
constexpr uint64_t concurrency_default = 16, concurrency_max = 256;

// A parameter, decoded; nothing when it is missing or broken.
std::optional<std::string> decoded(std::string_view query, std::string_view name) {
  const auto value = query_value(query, name);
  Buffer text;
  if (!value || !wire::percent_decode(*value, text) || text.empty()) return std::nullopt;
  return std::string(text.view());
}

// A number between 1 and `most`; nothing for what is none.
std::optional<uint64_t> number(std::string_view query, std::string_view name, uint64_t otherwise,
                               uint64_t most) {
  const auto text = query_value(query, name);
  if (!text) return otherwise;
  const Result<uint64_t> value = parse_u64(*text);
  if (!value || *value < 1 || *value > most) return std::nullopt;
  return *value;
}

// What is misspelled must not be overlooked: "sfot=1" would remove what was only to be made stale.
std::expected<CacheQuestion, std::string> purge_question(std::string_view query) {
  using Kind = CacheQuestion::Kind;
  if (const auto pair = stranger(query, {"url", "prefix", "tag", "soft"}))
    return std::unexpected("what is \"" + std::string(*pair) +
                           "\"? A purge takes url=, prefix= or tag=, and soft=1\n");
  const std::string_view soft = query_value(query, "soft").value_or("0");
  if (soft != "0" && soft != "1") return std::unexpected("soft must be 0 or 1\n");
  std::optional<CacheQuestion> question;
  for (const auto& [name, kind] : {std::pair{"url", Kind::purge_url},
                                   {"prefix", Kind::purge_prefix},
                                   {"tag", Kind::purge_tag}}) {
    auto text = decoded(query, name);
    if (!text) continue;
    if (question) return std::unexpected("give one of url, prefix and tag, not several\n");
    question = CacheQuestion{.kind = kind, .text = *std::move(text), .soft = soft == "1"};
  }
  if (!question) return std::unexpected("give one of url, prefix and tag, percent-encoded\n");
  return *std::move(question);
}

}  // namespace

Task<AdminHandler::Answer> AdminHandler::ask_cache(net::HttpExchange& exchange,
                                                   CacheQuestion question) {
  auto reply = std::make_shared<CacheReply>();
  process_.ask_cache(std::move(question), reply);
  runtime::Shard& shard = exchange.shard();
  const MonoTime until = after(shard.now(), answer_time);
  while (!reply->there()) {
    if (shard.now() >= until || shard.closing().requested())
      co_return Answer{.status = 504, .body = "the cache did not answer in time\n"};
    (void)co_await runtime::sleep(shard.reactor(),
                                  {after(shard.now(), look_every), &shard.closing()});
  }
  co_return Answer{.status = reply->answer().status,
                   .content_type = "application/json",
                   .body = reply->answer().json};
}

Task<AdminHandler::Answer> AdminHandler::purge(net::HttpExchange& exchange) {
  auto question = purge_question(exchange.head.query);
  if (!question) co_return Answer{.status = 400, .body = question.error()};
  co_return co_await ask_cache(exchange, *std::move(question));
}

Task<AdminHandler::Answer> AdminHandler::prewarm(net::HttpExchange& exchange) {
  const auto at_a_time =
      number(exchange.head.query, "concurrency", concurrency_default, concurrency_max);
  if (!at_a_time)
    co_return Answer{.status = 400, .body = "concurrency must be a number from 1 to 256\n"};
  CacheQuestion question{.kind = CacheQuestion::Kind::prewarm, .count = *at_a_time};
  while (!exchange.body().done()) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return Answer{.status = 400, .body = "the list did not come whole\n"};
    question.text.append(*piece);
    if (question.text.size() > list_bytes_max)
      co_return Answer{.status = 413, .body = "the list is longer than 64 MiB\n"};
  }
  co_return co_await ask_cache(exchange, std::move(question));
}

Task<AdminHandler::Answer> AdminHandler::prewarm_state(net::HttpExchange& exchange) {
  co_return co_await ask_cache(exchange, {.kind = CacheQuestion::Kind::prewarm_state});
}

Task<AdminHandler::Answer> AdminHandler::hottest(net::HttpExchange& exchange) {
  const auto count = number(exchange.head.query, "count", hot_default, hot_max);
  if (!count) co_return Answer{.status = 400, .body = "count must be a number from 1\n"};
  co_return co_await ask_cache(exchange, {.kind = CacheQuestion::Kind::hottest, .count = *count});
}

Task<AdminHandler::Answer> AdminHandler::explain(net::HttpExchange& exchange) {
  auto url = decoded(exchange.head.query, "url");
  if (!url)
    co_return Answer{.status = 400,
                     .body = "give url, percent-encoded: /debug/cache?url=http%3A%2F%2FHOST%2F\n"};
  co_return co_await ask_cache(exchange,
                               {.kind = CacheQuestion::Kind::explain, .text = *std::move(url)});
}

}  // namespace weir::admin

// Keys, kept queries and references. Lines: a query, a reference. What is kept of a query keeps
// whole; parameters that are kept are ones that were sent; what a reference resolves to is an
// absolute path without dot segments on the same origin.
#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/cache_key.h"

namespace weir::edge {
namespace {

std::string kept(std::string_view query, const QueryRule& rule) {
  Buffer out;
  append_kept_query(out, query, rule);
  return std::string(out.view());
}

void check_query(std::string_view query) {
  using Keep = QueryRule::Keep;
  const QueryRule rules[] = {{},
                             {.keep = Keep::none},
                             {.keep = Keep::only, .names = {"id", "a*"}},
                             {.keep = Keep::except, .names = {"id", "a*"}},
                             {.sorted = true},
                             {.keep = Keep::only, .names = {"id", "a*"}, .sorted = true}};
  for (const QueryRule& rule : rules) {
    const std::string once = kept(query, rule);
    WEIR_ASSERT(once.size() <= query.size());
    WEIR_ASSERT(kept(once, rule) == once);
  }
  // A parameter that one rule leaves out is kept by the opposite rule.
  const auto letters = [](std::string_view text) {
    return std::ranges::count_if(text, [](char c) { return c != '&'; });
  };
  WEIR_ASSERT(letters(kept(query, rules[2])) + letters(kept(query, rules[3])) == letters(query));
}

void check_reference(std::string_view reference) {
  const TargetUrl base{.host = *wire::parse_authority("a.test"),
                       .path = "/dir/page",
                       .query = "q",
                       .has_query = true};
  Buffer scratch, again_scratch, key;
  const auto target = resolve_same_origin(base, reference, scratch);
  if (!target) return;
  WEIR_ASSERT(target->path.starts_with('/'));
  WEIR_ASSERT(target->path.size() <= reference.size() + base.path.size() + 1);
  const std::string path = std::string(target->path) + "/";
  WEIR_ASSERT(!path.contains("/../") && !path.contains("/./"));
  std::string absolute = "http://a.test" + std::string(target->path);
  if (target->has_query) absolute += "?" + std::string(target->query);
  const auto again = resolve_same_origin(base, absolute, again_scratch);
  if (again) WEIR_ASSERT(same_url(*target, *again));
  WEIR_ASSERT(append_cache_key(key, *target, {}));
  WEIR_ASSERT(key.view() == absolute);
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  const size_t end = std::min(text.find('\n'), text.size());
  weir::edge::check_query(text.substr(0, end));
  weir::edge::check_reference(text.substr(std::min(end + 1, text.size())));
  return 0;
}

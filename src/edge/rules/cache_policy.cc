#include "edge/rules/cache_policy.h"

#include <algorithm>

namespace weir::edge {
namespace {

// A trailing '*' stands for any ending.
bool fits(std::string_view pattern, std::string_view name, bool case_matters) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    name = name.substr(0, pattern.size());
  }
  return case_matters ? pattern == name : wire::equal_ignoring_case(pattern, name);
}

// RFC 6265 4.2.1: pairs with "; " between them.
bool has_cookie(std::string_view cookies, const BypassRule& rule) {
  while (!cookies.empty()) {
    const size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = wire::trim_ows(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (fits(rule.name, pair.substr(0, equals), true) &&
        (rule.value.empty() || rule.value == value))
      return true;
  }
  return false;
}

bool applies(const BypassRule& rule, const wire::Fields& request) {
  for (const wire::Field& field : request) {
    if (rule.where == BypassRule::Where::cookie) {
      if (field.id == wire::KnownField::cookie && has_cookie(field.value, rule)) return true;
    } else if (fits(rule.name, field.name, false) &&
               (rule.value.empty() || rule.value == field.value)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool PathPattern::matches(std::string_view path) const {
  return path.size() >= prefix.size() + suffix.size() && path.starts_with(prefix) &&
         path.ends_with(suffix) && (!exact || path.size() == prefix.size());
}

std::optional<PathPattern> parse_path_pattern(std::string_view text) {
  const size_t star = text.find('*');
  if (star == text.npos) {
    if (!text.starts_with('/')) return std::nullopt;
    return PathPattern{std::string(text), {}, true};
  }
  if (text.find('*', star + 1) != text.npos) return std::nullopt;
  if (star != 0 && !text.starts_with('/')) return std::nullopt;
  return PathPattern{std::string(text.substr(0, star)), std::string(text.substr(star + 1)), false};
}

const LifetimeRule* CachePolicy::lifetime_rule_for(std::string_view path, uint16_t status) const {
  for (const LifetimeRule& rule : lifetimes)
    if (status >= rule.status_first && status <= rule.status_last && rule.path.matches(path))
      return &rule;
  return nullptr;
}

const QueryRule& CachePolicy::query_rule_for(std::string_view path) const {
  static const QueryRule whole;
  for (const KeyRule& rule : keys)
    if (rule.path.matches(path)) return rule.query;
  return whole;
}

bool CachePolicy::bypasses(const wire::Fields& request) const {
  return std::ranges::any_of(bypass,
                             [&](const BypassRule& rule) { return applies(rule, request); });
}

}  // namespace weir::edge

#include "edge/rules/path_rules.h"

#include <algorithm>

namespace weir::edge {
namespace {

bool covers(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

PathRules::PathRules(std::vector<PathRule> rules) : rules_(std::move(rules)) {
  std::ranges::sort(rules_, std::ranges::greater{},
                    [](const PathRule& rule) { return rule.prefix.size(); });
}

const PathRule* PathRules::find(std::string_view path) const {
  for (const PathRule& rule : rules_)
    if (covers(rule.prefix, path)) return &rule;
  return nullptr;
}

void append_target(Buffer& out, const PathRule& rule, std::string_view path,
                   std::string_view query) {
  std::string_view rest = path.substr(rule.prefix.size());
  if (rule.to.ends_with('/') && rest.starts_with('/')) rest.remove_prefix(1);
  // "//host" and, to browsers, "/\\host" is another site: no path may lead there.
  if (rule.to == "/") rest.remove_prefix(std::min(rest.find_first_not_of("/\\"), rest.size()));
  out.append(rule.to);
  // A prefix that ends in '/' has eaten the one between the target and the rest.
  if (rule.prefix.ends_with('/') && !rule.to.ends_with('/') && !rest.empty()) out.append('/');
  out.append(rest);
  if (query.empty() || rule.to.find('?') != rule.to.npos) return;
  out.append('?');
  out.append(query);
}

}  // namespace weir::edge

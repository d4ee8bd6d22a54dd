#pragma once
// PathRules: what a site does with paths before they reach an origin: rewrite, redirect, or leave
// alone. The rule with the longest prefix wins. Prefixes match whole segments: "/old" covers "/old"
// and "/old/x", not "/older".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace weir::edge {

struct PathRule {
  std::string prefix;     // from '/'
  std::string to;         // takes the prefix's place
  uint16_t redirect = 0;  // 301, 302, 303, 307 or 308: sends the client there; 0: rewrites
};

class PathRules {
 public:
  explicit PathRules(std::vector<PathRule> rules = {});
  bool empty() const { return rules_.empty(); }
  // The rule for `path`, or nullptr.
  const PathRule* find(std::string_view path) const;

 private:
  std::vector<PathRule> rules_;  // longest prefix first
};

// Appends where `path` leads by `rule`, with the query, which is kept unless the rule's target has
// one.
void append_target(Buffer& out, const PathRule& rule, std::string_view path,
                   std::string_view query);

}  // namespace weir::edge

#pragma once
// HostTable: which site answers for a host. Exact names win over wildcards, longer wildcards over
// shorter ones, and "*" comes last. Built once from the configuration; looking up allocates
// nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::edge {

// What a configuration may write as a host: "example.org", "*.example.org" (any name below it, at
// any depth), or "*".
bool is_host_pattern(std::string_view text);

class HostTable {
 public:
  explicit HostTable(uint64_t seed = 0) : seed_(seed) {}

  // `invalid` when it is no pattern or names a host that is there already.
  Result<> add(std::string_view pattern, uint32_t site);
  // `host` as a request names it, without port; case does not matter, nor does one dot at the end.
  std::optional<uint32_t> find(std::string_view host) const;

 private:
  struct Entry {
    std::string name;  // in lower case; of a wildcard, from its dot: ".example.org"
    uint32_t site;
  };
  const Entry* find_name(std::string_view lower) const;
  void rebuild();

  uint64_t seed_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // open addressing: an index into entries_ plus one; a power of two
  std::optional<uint32_t> any_;
};

}  // namespace weir::edge

#pragma once
// ResolverSettings: how names are looked up. The table with prose and bounds is in
// resolver_settings.cc.

#include <cstdint>
#include <string>
#include <vector>

#include "settings/field.h"

namespace weir::net {

struct ResolverSettings {
  std::vector<std::string> servers;  // "ADDRESS[:PORT]"; empty: those of the system
  Duration query_timeout{};
  uint32_t attempts = 0;
  Duration ttl_min{};
  Duration ttl_max{};
  Duration negative_ttl{};
  Duration stale_max{};
  uint32_t names_max = 0;
};

const settings::Group<ResolverSettings>& resolver_settings();

}  // namespace weir::net

#pragma once
// reload(): what changed between the configuration in force and a new one, and what of it may be
// applied while the program runs.

#include <expected>
#include <string>
#include <vector>

#include "settings/node.h"
#include "settings/problem.h"
#include "settings/schema.h"

namespace weir::settings {

struct Change {
  std::string key;
  std::string before;  // as YAML; "(none)" for a key that a list did not have; secrets redacted
  std::string after;
};

struct Reload {
  std::vector<Change> live;     // to be applied now
  std::vector<Change> restart;  // to be reported: they wait for the next start
  // The values in force from now on: the new ones, but old where a restart is needed. Load the
  // groups from here, and compare the next reload with it.
  Values effective;
};

// `before` and `after` come from resolve(). Problems: the mixture of live and old values breaks a
// rule between settings, so nothing may be applied.
std::expected<Reload, Problems> reload(const Schema& schema, const Values& before,
                                       const Values& after);

}  // namespace weir::settings

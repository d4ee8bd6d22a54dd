#pragma once
// check_use(): what only shows when a configuration is put to use: whether the files that it names
// are there and make sense, and whether the machine has what it asks for. Changes nothing and
// listens nowhere. What a start does beyond that, such as binding its addresses, is not tried.

#include <expected>
#include <string>
#include <vector>

#include "cli/configuration.h"

namespace weir::cli {

// Whether there is an origin or a site; the error says how to name one.
std::expected<void, std::string> check_served(const Configuration& configuration);

// One text a problem, each naming the setting; empty: a start would get as far as its addresses.
std::vector<std::string> check_use(const Configuration& configuration);

}  // namespace weir::cli

#pragma once
// check_use(): what only shows when a configuration is put to use: whether the files that it names
// are there and make sense, and whether the machine has what it asks for. Changes nothing and
// listens nowhere. What a start does beyond that, such as binding its addresses, is not tried.

#include <string>
#include <vector>

#include "cli/configuration.h"

namespace weir::cli {

// One text a problem, each naming the setting; empty: a start would get as far as its addresses.
std::vector<std::string> check_use(const Configuration& configuration);

}  // namespace weir::cli

#pragma once
// The flags that every service has, and what they stand for: each is a setting that the service
// names, or the configuration file.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/flags.h"
#include "settings/resolve.h"

namespace weir::cli {

// Which settings --listen and --origin set.
struct ServiceKeys {
  std::string_view listen;
  std::string_view origin;  // empty: the service has none
};

std::vector<settings::Flag> service_flags();

// The layers that a command line and its environment ("NAME=value") give; the file is not read yet.
// The error names the flag.
std::expected<settings::Sources, std::string> sources_of(const settings::Arguments& arguments,
                                                         const ServiceKeys& keys,
                                                         std::span<const std::string> environment);

}  // namespace weir::cli

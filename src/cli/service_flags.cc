#include "cli/service_flags.h"

#include <cstdio>

#include "otlp/otel_environment.h"

namespace weir::cli {
namespace {

// The setting behind a flag; empty for those that are none.
std::string_view key_of(std::string_view flag, const ServiceKeys& keys) {
  if (flag == "listen") return keys.listen;
  if (flag == "origin") return keys.origin;
  if (flag == "admin") return "admin.listen";
  if (flag == "data") return "runtime.data";
  if (flag == "cores") return "runtime.cores";
  return {};
}

}  // namespace

std::vector<settings::Flag> service_flags() {
  return {
      {"config", "FILE", "Read settings from this YAML file; SIGHUP reads it again."},
      {"listen", "HOST:PORT", "Where clients connect; :PORT is every interface."},
      {"origin", "URL", "Serve every host from this origin: http:// or https://, host and port."},
      {"admin", "HOST:PORT", "Where operators connect: metrics, health, configuration, profiles."},
      {"data", "DIR", "Directory for what the process keeps on disk; made when missing."},
      {"cores", "LIST", "Cores to run one shard each on, such as 0-3,6."},
      {"set", "KEY=VALUE", "Change any setting; wins over file and environment.", true},
  };
}

std::expected<settings::Sources, std::string> sources_of(const settings::Arguments& arguments,
                                                         const ServiceKeys& keys,
                                                         std::span<const std::string> environment) {
  settings::Sources sources;
  sources.environment.assign(environment.begin(), environment.end());
  auto otel = otlp::otel_variables(environment);
  if (!otel) return std::unexpected(otel.error());
  for (const std::string& warning : otel->warnings)
    std::fprintf(stderr, "weir: %s\n", warning.c_str());
  sources.sets = std::move(otel->sets);
  for (const settings::FlagValue& flag : arguments.flags) {
    const std::string label = "--" + std::string(flag.name);
    if (flag.name == "config") {
      if (flag.value.empty()) return std::unexpected("--config needs the name of a file");
      sources.file_name = flag.value;
    } else if (flag.name == "set") {
      auto set = settings::parse_set(flag.value);
      if (!set) return std::unexpected("--set: " + set.error());
      sources.sets.push_back(*std::move(set));
    } else if (const std::string_view key = key_of(flag.name, keys); !key.empty()) {
      sources.sets.push_back({std::string(key), flag.value, label});
    } else {
      return std::unexpected(label + " has no meaning for this service");
    }
  }
  return sources;
}

}  // namespace weir::cli

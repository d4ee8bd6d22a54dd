#include "cli/config_check.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "admin/admin_settings.h"
#include "admin/token.h"
#include "cli/tls_listeners.h"
#include "edge/edge_service.h"
#include "otlp/exporters.h"
#include "runtime/reactor.h"
#include "runtime/runtime_settings.h"
#include "telemetry/settings.h"

namespace weir::cli {
namespace {

using Problems = std::vector<std::string>;

void check_origins(const Configuration& configuration, Problems& problems) {
  if (const auto served = check_served(configuration); !served) problems.push_back(served.error());
}

// The directory that a new `path` would be made in.
std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void check_access_log(const Configuration& configuration, Problems& problems) {
  const std::string path = configuration.load(telemetry::telemetry_settings()).access_log.path;
  if (path.empty() || path == "-") return;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    problems.push_back("telemetry.access_log.path: " + path + " is a directory");
    return;
  }
  const bool exists = access(path.c_str(), F_OK) == 0;
  const std::string looked_at = exists ? path : parent_of(path).string();
  if (access(looked_at.c_str(), exists ? W_OK : W_OK | X_OK) == 0) return;
  problems.push_back("telemetry.access_log.path: cannot write to " + looked_at + ": " +
                     std::strerror(errno));
}

// A directory that is missing is made at the start, and so are those above it.
void check_data(const Configuration& configuration, Problems& problems) {
  const std::string data = configuration.load(runtime::runtime_settings()).data;
  if (data.empty()) {
    if (configuration.load(edge::edge_settings()).cache.disk.bytes > 0)
      problems.emplace_back("edge.cache.disk.bytes: needs a directory: set runtime.data (--data)");
    return;
  }
  std::filesystem::path there = data;
  while (access(there.c_str(), F_OK) != 0 && errno == ENOENT && there != parent_of(there))
    there = parent_of(there);
  std::error_code error;
  if (!std::filesystem::is_directory(there, error)) {
    problems.push_back("runtime.data: " + there.string() + " is no directory (--data)");
  } else if (access(there.c_str(), W_OK | X_OK) != 0) {
    problems.push_back("runtime.data: cannot write to " + there.string() + ": " +
                       std::strerror(errno) + " (--data)");
  }
}

void check_machine(const Configuration& configuration, Problems& problems) {
  const auto plan = runtime::plan_threads(configuration.load(runtime::runtime_settings()),
                                          settings::read_machine("/", settings::read_affinity()));
  if (!plan) problems.push_back(plan.error());
}

void check_token(const Configuration& configuration, Problems& problems) {
  const std::string path = configuration.load(admin::admin_settings()).token_file;
  if (path.empty()) return;
  const auto token = admin::Token::read(path);
  if (!token) problems.push_back(token.error());
}

void check_certificates(const Configuration& configuration, Problems& problems) {
  telemetry::Registry registry(1);
  TlsListeners listeners(registry, runtime::read_monotonic_clock());
  const auto read = listeners.read(configuration.load(edge::edge_settings()),
                                   configuration.load(admin::admin_settings()),
                                   configuration.load(net::http_server_settings()));
  if (!read) problems.push_back(read.error());
}

void check_sites(const Configuration& configuration, Problems& problems) {
  const auto generation = edge::make_generation(configuration.load(edge::edge_settings()), 1);
  if (!generation) problems.push_back(generation.error());
}

void check_receivers(const Configuration& configuration, Problems& problems) {
  const auto receivers = otlp::Receivers::of(configuration.load(otlp::otlp_settings()), 1);
  if (!receivers) problems.push_back(receivers.error());
}

}  // namespace

std::expected<void, std::string> check_served(const Configuration& configuration) {
  const auto edge = configuration.load(edge::edge_settings());
  if (edge.origin || !edge.sites.empty()) return {};
  return std::unexpected(
      "there is nothing to serve: name an origin with --origin URL, or sites (edge.sites) in the "
      "file of --config; `weir up` has a demo site");
}

std::vector<std::string> check_use(const Configuration& configuration) {
  Problems problems;
  for (const auto look : {check_origins, check_machine, check_data, check_sites, check_certificates,
                          check_token, check_access_log, check_receivers})
    look(configuration, problems);
  for (std::string& problem : problems)
    problem = configuration.with_place(problem);
  return problems;
}

}  // namespace weir::cli

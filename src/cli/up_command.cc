#include "cli/up_command.h"

#include <cstring>

#include "cli/all_settings.h"
#include "cli/edge_command.h"
#include "cli/supervisor.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "demo/demo_server.h"

namespace weir::cli {
namespace {

// A listener on every interface is tried on loopback.
std::string reachable(Address address, std::string_view scheme = "http") {
  std::string text = address.to_string();
  if (text.starts_with("0.0.0.0:") || text.starts_with("[::]:"))
    text = "127.0.0.1" + text.substr(text.rfind(':'));
  return std::string(scheme) + "://" + text;
}

void announce(const EdgeProcess& process) {
  const std::string clients = reachable(process.client_address());
  std::string text = "\nWeir " + std::string(version()) +
                     " runs: " + std::to_string(process.shards()) + " shards on " +
                     std::string(process.reactor()) + ".\n\n  clients    " + clients + "  before " +
                     process.served() + "\n";
  if (const Address secure = process.tls_address(); secure.valid())
    text += "             " + reachable(secure, "https") + "\n";
  std::string tries = "  curl -i " + clients + "/\n";
  if (const Address admin = process.admin_address(); admin.valid()) {
    const std::string operators = reachable(admin);
    text += "  operators  " + operators + "  metrics, health, configuration, profiles\n";
    tries += "  curl -s " + operators + "/metrics | grep http_request\n";
    tries += "  curl -s " + operators + "/config\n";
  } else {
    tries += "  curl -s " + clients + "/health/ready\n";
    tries += "  curl -i -X POST -d hello " + clients + "/\n";
  }
  say(text + "\nTry:\n" + tries + "\nCtrl-C drains and stops; a second one stops at once.\n\n");
}

std::expected<settings::Sources, std::string> sources(const settings::Arguments& arguments,
                                                      const ProgramImage& image) {
  return sources_of(arguments, edge_keys, image.environment);
}

bool names_something(const Configuration& configuration) {
  const auto edge = configuration.load(edge::edge_settings());
  return edge.origin || !edge.sites.empty();
}

// Whether the operator says how long answers live whose origin does not say.
bool says_default_ttl(const Configuration& configuration) {
  const settings::Values values = configuration.values();
  const settings::Node* node = &values.root;
  for (const char* key : {"edge", "cache", "default_ttl"})
    node = node ? node->find(key) : nullptr;
  return node != nullptr;
}

int fail_with(const std::string& text, int status) {
  complain(text);
  return status;
}

}  // namespace

int run_up(const settings::Arguments& arguments, const ProgramImage& image) {
  auto given = sources(arguments, image);
  if (!given) return fail_with(given.error(), exit_misused);
  auto configuration = Configuration::read(all_settings(), *given);
  if (!configuration)
    return fail_with("the configuration is broken:\n" + configuration.error(), exit_misused);
  if (!says_default_ttl(**configuration)) {
    given->sets.push_back({"edge.cache.default_ttl", "5m", "weir up"});
    configuration = Configuration::read(all_settings(), *given);
    if (!configuration) return fail_with(configuration.error(), exit_misused);
  }
  if (names_something(**configuration)) return serve_edge(**configuration, image, announce);

  block_signals();  // the demo has a thread, which must not get them
  auto demo = demo::DemoServer::start();
  if (!demo)
    return fail_with(std::string("cannot start the demo site: ") + demo.error().text + ": " +
                         std::strerror(demo.error().sys),
                     exit_failed);
  given->sets.push_back({"edge.origin.url", (*demo)->url(), "the demo site"});
  configuration = Configuration::read(all_settings(), *std::move(given));
  if (!configuration) return fail_with(configuration.error(), exit_misused);
  return serve_edge(**configuration, image, announce);
}

}  // namespace weir::cli

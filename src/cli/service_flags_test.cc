#include "cli/service_flags.h"

#include <doctest/doctest.h>

#include "cli/all_settings.h"
#include "cli/configuration.h"
#include "cli/docs_command.h"
#include "cli/edge_command.h"
#include "cli/program.h"

namespace weir::cli {
namespace {

std::expected<settings::Sources, std::string> sources(std::vector<std::string> words,
                                                      ServiceKeys keys = edge_keys) {
  const settings::Command command{.name = "edge", .prose = "", .flags = service_flags()};
  const auto arguments = settings::parse_flags(command, words);
  REQUIRE_MESSAGE(arguments.has_value(), arguments.error());
  return sources_of(*arguments, keys, {});
}

std::string error_of(std::vector<std::string> words) {
  auto given = sources(std::move(words));
  if (!given) return given.error();
  const auto configuration = Configuration::read(all_settings(), *std::move(given));
  return configuration ? "" : configuration.error();
}

}  // namespace

TEST_CASE("each flag of a service sets its setting") {
  auto given =
      sources({"--listen", "127.0.0.1:1", "--origin", "http://127.0.0.1:2", "--admin",
               "127.0.0.1:3", "--data", "/d", "--cores", "0", "--set", "runtime.pin=false"});
  REQUIRE(given.has_value());
  const auto configuration = Configuration::read(all_settings(), *std::move(given));
  REQUIRE_MESSAGE(configuration.has_value(), configuration.error());
  const auto edge = (*configuration)->load(edge::edge_settings());
  const auto runtime = (*configuration)->load(runtime::runtime_settings());
  CHECK(edge.listen == "127.0.0.1:1");
  REQUIRE(edge.origin.has_value());
  CHECK(edge.origin->url == "http://127.0.0.1:2");
  CHECK((*configuration)->load(admin::admin_settings()).listen == "127.0.0.1:3");
  CHECK(runtime.data == "/d");
  CHECK(runtime.cores == "0");
  CHECK(!runtime.pin);
}

TEST_CASE("what is wrong with a flag is told by the flag's name") {
  CHECK(error_of({"--listen", "127.0.0.1:http"}).find("127.0.0.1:http") != std::string::npos);
  CHECK(error_of({"--admin", "here"}).find("--admin") != std::string::npos);
  CHECK(error_of({"--origin", "ftp://a"}).find("--origin") != std::string::npos);
  CHECK(error_of({"--cores", "a-b"}).find("--cores") != std::string::npos);
  CHECK(error_of({"--set", "nonsense"}).find("KEY=VALUE") != std::string::npos);
  CHECK(error_of({"--config="}).find("--config") != std::string::npos);
  CHECK(error_of({"--config", "/nowhere/x.yaml"}).find("/nowhere/x.yaml") != std::string::npos);
}

TEST_CASE("a flag that a service has no use for is an error") {
  const auto given = sources({"--origin", "http://a"}, {.listen = "edge.listen", .origin = ""});
  REQUIRE(!given.has_value());
  CHECK(given.error().find("--origin") != std::string::npos);
}

TEST_CASE("every subcommand has a name of its own, prose, and something to do") {
  std::vector<std::string_view> names;
  for (const Subcommand& each : subcommands()) {
    CHECK(std::ranges::find(names, each.command.name) == names.end());
    CHECK(each.command.prose.ends_with('.'));
    CHECK((each.run != nullptr));
    names.push_back(each.command.name);
  }
}

TEST_CASE("the page of metrics has the names that dashboards rely on") {
  const std::string page = metrics_page();
  for (const char* name :
       {"`http_requests_total`", "`http_request_duration_seconds`", "`http_requests_per_second`",
        "`edge_qps`", "`edge_error_rate`", "`edge_bandwidth`", "`edge_origin_latency"})
    CHECK_MESSAGE(page.find(name) != std::string::npos, name);
}

}  // namespace weir::cli

#include "settings/resolve.h"

#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>

#include "settings/test_tables.h"
#include "settings/yaml.h"

namespace weir::settings::test {
namespace {

ServerSettings server(const Sources& sources) {
  const auto values = resolved(sources);
  REQUIRE_MESSAGE(values.has_value(), values.error());
  return *load(*values, server_settings());
}

EdgeSettings edge(const Sources& sources) {
  const auto values = resolved(sources);
  REQUIRE_MESSAGE(values.has_value(), values.error());
  return *load(*values, edge_settings());
}

std::string problems(const Sources& sources) {
  const auto values = resolved(sources);
  return values ? "" : values.error();
}

Sources file(std::string text) {
  return {"weir.yaml", std::move(text), {}, {}};
}

}  // namespace

TEST_CASE("without sources every setting has its default") {
  const ServerSettings s = server({});
  CHECK(s.idle_timeout == seconds(60));
  CHECK(s.head_bytes_max == 64 * KiB);
  CHECK(s.port == 8080);
  CHECK(s.sample_rate == 0.01);
  CHECK(s.keep_alive);
  CHECK(s.backend == Backend::automatic);
  CHECK(!s.shards);
  CHECK(s.trusted_peers == std::vector<std::string>{"127.0.0.1"});
  CHECK(defaults(server_settings()).idle_timeout == seconds(60));
}

TEST_CASE("a file gives values of every type") {
  const ServerSettings s = server(file(R"(
http:
  server:
    idle_timeout: 1.5m
    head_bytes_max: 32KiB
    port: 80
    sample_rate: 1
    keep_alive: false
    backend: epoll
    shards: 4
    token: "s3cret"
    trusted_peers: [10.0.0.1, 10.0.0.2]
)"));
  CHECK(s.idle_timeout == seconds(90));
  CHECK(s.head_bytes_max == 32 * KiB);
  CHECK(s.port == 80);
  CHECK(s.sample_rate == 1);
  CHECK(!s.keep_alive);
  CHECK(s.backend == Backend::epoll);
  CHECK(s.shards == 4u);
  CHECK(s.token == "s3cret");
  CHECK(s.trusted_peers.size() == 2);
}

TEST_CASE("flags win over the environment, which wins over the file, which wins over defaults") {
  Sources sources = file("http: {server: {idle_timeout: 50s, port: 1, sample_rate: 0.5}}");
  sources.environment = {"PATH=/bin", "WEIR_HTTP_SERVER_PORT=2",
                         "WEIR_HTTP_SERVER_SAMPLE_RATE=0.6"};
  sources.sets = {{"http.server.sample_rate", "0.7", "--rate"}, {"http.server.sample_rate", "0.8"}};
  const ServerSettings s = server(sources);
  CHECK(s.idle_timeout == seconds(50));
  CHECK(s.port == 2);
  CHECK(s.sample_rate == 0.8);
}

TEST_CASE("groups nest as deep as their tables") {
  const EdgeSettings e = edge(file(R"(
edge:
  sites:
    - host: a.example
      origins:
        - url: http://one
        - url: http://two
          weight: 3
    - host: [b.example, c.example]
      respond:
        status: 404
        headers: {X-A: "1", x.b: two}
)"));
  REQUIRE(e.sites.size() == 2);
  CHECK(e.sites[0].host == std::vector<std::string>{"a.example"});
  REQUIRE(e.sites[0].origins.size() == 2);
  CHECK(e.sites[0].origins[1].url == "http://two");
  CHECK(e.sites[0].origins[0].weight == 1);
  CHECK(!e.sites[0].respond);
  REQUIRE(e.sites[1].respond);
  CHECK(e.sites[1].respond->status == 404);
  CHECK(e.sites[1].respond->headers == TextMap{{"X-A", "1"}, {"x.b", "two"}});
}

TEST_CASE("sets reach into lists, append at their end, and take YAML") {
  Sources sources = file("edge: {sites: [{host: a, origins: [{url: http://one}]}]}");
  sources.sets = {{"edge.sites[0].host", "x,y"},
                  {"edge.sites[0].origins[0].url", "http://uno"},
                  {"edge.sites[0].origins[1].url", "http://dos"},
                  {"edge.sites[1]", "{host: b, respond: {status: 204}}"},
                  {"edge.sites[1].respond.headers.X-A.B", "v"}};
  const EdgeSettings e = edge(sources);
  REQUIRE(e.sites.size() == 2);
  CHECK(e.sites[0].host == std::vector<std::string>{"x", "y"});
  CHECK(e.sites[0].origins[0].url == "http://uno");
  CHECK(e.sites[0].origins[1].url == "http://dos");
  CHECK(e.sites[1].respond->headers == TextMap{{"X-A.B", "v"}});
}

TEST_CASE("the environment reaches into lists") {
  Sources sources;
  sources.environment = {"WEIR_EDGE_SITES_0_HOST=[a, \"b,c\"]",
                         "WEIR_EDGE_SITES_0_ORIGINS_0_URL=http://o",
                         "WEIR_HTTP_SERVER_TRUSTED_PEERS= 1.1.1.1 , 2.2.2.2"};
  const EdgeSettings e = edge(sources);
  REQUIRE(e.sites.size() == 1);
  CHECK(e.sites[0].host == std::vector<std::string>{"a", "b,c"});
  CHECK(e.sites[0].origins[0].url == "http://o");
  CHECK(server(sources = {"", "", {sources.environment[2]}, {}}).trusted_peers ==
        std::vector<std::string>{"1.1.1.1", "2.2.2.2"});
}

TEST_CASE("every problem is reported, each with its place and its key") {
  Sources sources = file(R"(http:
  server:
    idle_timeout: 5 parsecs
    head_bytes_max: 2MiB
    backend: iouring
    keep_alive: yes
    prot: 1
edge:
  sites:
    - origins: [{url: ftp://x, wieght: 2}]
)");
  sources.environment = {"WEIR_HTTP_SERVER_PORT=70000"};
  sources.sets = {{"http.server.sample_rate", "1.5"}, {"edge.listne", "x", "--listen"}};
  CHECK(
      problems(sources) ==
      "weir.yaml:7:5: http.server.prot: no such setting; did you mean http.server.port?\n"
      "weir.yaml:10:32: edge.sites[0].origins[0].wieght: no such setting; did you mean "
      "edge.sites[0].origins[0].weight?\n"
      "--listen: edge.listne: no such setting; did you mean edge.listen?\n"
      "weir.yaml:3:19: http.server.idle_timeout: \"5 parsecs\" is not a duration such as 250ms, "
      "5s or 10m (1ms to 1h)\n"
      "weir.yaml:4:21: http.server.head_bytes_max: \"2MiB\" is out of bounds (1KiB to 1MiB)\n"
      "environment WEIR_HTTP_SERVER_PORT: http.server.port: \"70000\" is out of bounds (0 to "
      "65535)\n"
      "--set: http.server.sample_rate: \"1.5\" is out of bounds (0 to 1)\n"
      "weir.yaml:6:17: http.server.keep_alive: \"yes\" is not true or false\n"
      "weir.yaml:5:14: http.server.backend: \"iouring\" is not one of automatic, epoll, io_uring; "
      "did you mean io_uring?\n"
      "weir.yaml:10:7: edge.sites[0].host: is required\n"
      "weir.yaml:10:23: edge.sites[0].origins[0].url: \"ftp://x\" does not have the form "
      "http://HOST:PORT\n");
}

}  // namespace weir::settings::test

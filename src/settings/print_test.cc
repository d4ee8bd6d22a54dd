#include "settings/print.h"

#include <doctest/doctest.h>

#include "settings/leaf.h"
#include "settings/reference.h"
#include "settings/test_tables.h"

namespace weir::settings::test {
namespace {

Sources sources() {
  Sources s;
  s.file_name = "weir.yaml";
  s.file_text = R"(http:
  server:
    idle_timeout: 90s
    token: hunter2
edge:
  sites:
    - host: [a.example, "b: c"]
      origins: [{url: "http://o:1"}, {url: http://p}]
    - host: c
      respond: {headers: {X-A: "1"}}
)";
  s.environment = {"WEIR_HTTP_SERVER_HEAD_BYTES_MAX=2048"};
  s.sets = {{"edge.listen", "0.0.0.0:80", "--listen"}, {"edge.sites[0].origins[1].weight", "7"}};
  return s;
}

std::string explained(std::string_view key) {
  const auto text = explain(test_schema(), *resolved(sources()), key);
  return text ? *text : "error: " + text.error();
}

}  // namespace

TEST_CASE("the effective configuration says where each value came from and hides secrets") {
  CHECK(print_config(test_schema(), *resolved(sources())) == R"(http:
  server:
    idle_timeout: 90s  # file weir.yaml:3:19
    head_timeout: 10s  # default
    head_bytes_max: 2KiB  # environment WEIR_HTTP_SERVER_HEAD_BYTES_MAX
    port: 8080  # default
    sample_rate: 0.01  # default
    keep_alive: true  # default
    backend: automatic  # default
    shards: auto  # default
    token: <redacted>  # file weir.yaml:4:12
    trusted_peers: [127.0.0.1]  # default
edge:
  listen: "0.0.0.0:80"  # --listen
  sites:
    - host: [a.example, "b: c"]  # file weir.yaml:7:13
      origins:
        - url: "http://o:1"  # file weir.yaml:8:23
          weight: 1  # default
        - url: "http://p"  # file weir.yaml:8:44
          weight: 7  # --set
    - host: [c]  # file weir.yaml:9:13
      origins: []  # default
      respond:
        status: 200  # default
        body: ""  # default
        headers: {X-A: 1}  # file weir.yaml:10:26
)");
}

TEST_CASE("a printed configuration reads back as the same values") {
  const Schema schema = test_schema();
  Sources original = sources();
  original.sets.push_back({"edge.sites[1].respond.body", "a \"quoted\"\\ \n\t# line: \x01 ~ é"});
  original.sets.push_back({"edge.sites[1].respond.headers.X: #", "null"});
  const Values first = *resolved(original);
  const auto second = resolved({"printed.yaml", print_config(schema, first), {}, {}});
  REQUIRE_MESSAGE(second.has_value(), second.error());
  const auto before = leaves(schema, first), after = leaves(schema, *second);
  REQUIRE(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].field->secret) continue;
    CHECK(before[i].key == after[i].key);
    CHECK(value_text(*before[i].field, before[i].node, Secrets::shown) ==
          value_text(*after[i].field, after[i].node, Secrets::shown));
  }
}

TEST_CASE("an entry that another layer put into a list is named") {
  Sources s = sources();
  s.sets = {{"edge.sites[0].host[1]", "z"}};
  CHECK(print_config(test_schema(), *resolved(s))
            .find("host: [a.example, z]  # file weir.yaml:7:13; [1] --set\n") != std::string::npos);
}

TEST_CASE("a setting is explained with its declaration, its variable and its value") {
  CHECK(explained("http.server.idle_timeout") == R"(http.server.idle_timeout
  Lower it when idle connections use too much memory.

  type         duration
  bounds       1ms to 1h
  default      1m
  changes      while running
  environment  WEIR_HTTP_SERVER_IDLE_TIMEOUT
  now          90s (file weir.yaml:3:19)
)");
  CHECK(explained("edge.sites[0].origins[1].weight") == R"(edge.sites[0].origins[1].weight
  Raise it to send it more.

  type         whole number
  bounds       0 to 100
  default      1
  changes      while running
  environment  WEIR_EDGE_SITES_0_ORIGINS_1_WEIGHT
  now          7 (--set)
)");
  CHECK(explained("edge.sites[].origins[].url") == R"(edge.sites[].origins[].url
  Where the origin listens.

  type         text
  bounds       http://HOST:PORT
  default      required
  changes      while running
)");
  CHECK(explained("http.server.shards").find("whole number of shards, or auto") !=
        std::string::npos);
  CHECK(explained("http.server.backend").find("one of automatic, epoll") != std::string::npos);
  CHECK(explained("edge.sites").find("now          2 entries (file weir.yaml:7:5)") !=
        std::string::npos);
  CHECK(explained("edge.sites[0].respond").find("now          not set (default)") !=
        std::string::npos);
  CHECK(explained("edge.sites[1].respond.headers.X-A").find("now          1 (file") !=
        std::string::npos);
}

TEST_CASE("explaining a secret does not tell it, and an unknown key names the nearest") {
  CHECK(explained("http.server.token").find("now          <redacted> (file weir.yaml:4:12)") !=
        std::string::npos);
  CHECK(explained("http.server.idel_timeout") ==
        "error: http.server.idel_timeout: no such setting; did you mean http.server.idle_timeout?");
  CHECK(explained("listne") == "error: listne: no such setting; did you mean edge.listen?");
}

TEST_CASE("what is wrong with the use of a setting is told with the place that set it") {
  const auto placed = [](const std::string& problem) {
    return with_place(test_schema(), *resolved(sources()), problem);
  };
  CHECK(placed("edge.sites[0].origins[1].url: nobody: there") ==
        "weir.yaml:8:44: edge.sites[0].origins[1].url: nobody: there");
  CHECK(placed("edge.listen: in use") == "--listen: edge.listen: in use");
  for (const char* as_it_is : {"http.server.port: in use", "edge.sites[7].host: gone",
                               "no: setting", "edge.listen is in use", ""})
    CHECK(placed(as_it_is) == as_it_is);
}

TEST_CASE("a group is explained by what it holds") {
  CHECK(explained("http").find("\n  server\n") != std::string::npos);
  const std::string server = explained("http.server");
  CHECK(server.starts_with("http.server\n  How connections from clients are served.\n\n"));
  CHECK(server.find("\n  head_timeout           Raise it for slow clients\n") != std::string::npos);
  const std::string origins = explained("edge.sites[].origins");
  CHECK(origins.find("\n  url                    Where the origin listens\n") != std::string::npos);
}

TEST_CASE("the reference page has one row a setting, nested groups included") {
  const std::string page = reference_page(test_schema());
  const auto has = [&page](std::string_view text) { return page.find(text) != std::string::npos; };
  CHECK(has("\n## `http.server`\n\nHow connections from clients are served.\n"));
  CHECK(
      has("| `idle_timeout` | duration | `1m` | 1ms to 1h | yes | Lower it when idle "
          "connections use too much memory. |\n"));
  CHECK(
      has("| `token` | text | `\"\"` |  | yes | Ask for it from whoever reads this server. "
          "Secret: never printed. |\n"));
  CHECK(has("\n### `edge.sites[].origins[]`\n"));
  CHECK(has("| `url` | text | required | http://HOST:PORT | yes | Where the origin listens. |\n"));
  CHECK(has("| `respond` | group | not set |"));
  CHECK(has("| `trusted_peers` | list of texts | `[127.0.0.1]` | 0 to 3 entries | yes |"));
}

}  // namespace weir::settings::test

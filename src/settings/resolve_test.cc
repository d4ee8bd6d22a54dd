#include "settings/resolve.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <unistd.h>

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

TEST_CASE("an unknown section names the nearest one, and a key without its group the whole key") {
  CHECK(problems(file("http: {servr: {port: 1}}")) ==
        "weir.yaml:1:8: http.servr: no such setting; did you mean http.server?\n");
  CHECK(problems(file("idle_timeout: 1s")) ==
        "weir.yaml:1:1: idle_timeout: no such setting; did you mean http.server.idle_timeout?\n");
  CHECK(problems(file("quite_something_else: 1s")) ==
        "weir.yaml:1:1: quite_something_else: no such setting\n");
  CHECK(problems(file("http.server.port: 1")).ends_with("did you mean http.server.port?\n"));
}

TEST_CASE("a wrong kind of value says what it is and what was expected") {
  CHECK(problems(file("http: 5")) ==
        "weir.yaml:1:7: http: is a group of settings, expected a map\n");
  CHECK(problems(file("http: {server: {port: [1]}}")) ==
        "weir.yaml:1:23: http.server.port: is a list, expected a single value\n");
  CHECK(problems(file("http: {server: {port: }}")) ==
        "weir.yaml:1:23: http.server.port: has no value; give one, or leave the key out\n");
  CHECK(problems(file("edge: {sites: {host: a}}")) ==
        "weir.yaml:1:15: edge.sites: is a map, expected a list\n");
  CHECK(problems(file("edge: {sites: [a]}")) ==
        "weir.yaml:1:16: edge.sites[0]: is a single value, expected a map\n");
  CHECK(problems(file("[1, 2]")) == "weir.yaml:1:1: expected a map of settings at the top\n");
  CHECK(problems(file("http: {server: {trusted_peers: [a, [b]]}}")) ==
        "weir.yaml:1:36: http.server.trusted_peers: is a list, expected a single value\n");
}

TEST_CASE("lists have bounds on their entries") {
  CHECK(problems(file("http: {server: {trusted_peers: [a, b, c, d]}}")) ==
        "weir.yaml:1:32: http.server.trusted_peers: has 4 entries, out of bounds (0 to 3)\n");
}

TEST_CASE("an empty group is a group of defaults") {
  CHECK(server(file("http:\n  server:\nedge:\n")).port == 8080);
  CHECK(server(file("")).port == 8080);
  CHECK(server(file("# nothing but a comment\n")).port == 8080);
}

TEST_CASE("rules between fields are checked once every field is right, at the group's place") {
  CHECK(problems(file("http:\n  server:\n    idle_timeout: 5s\n")) ==
        "weir.yaml:3:5: http.server: head_timeout must not exceed idle_timeout\n");
  CHECK(problems({"", "", {}, {{"http.server.idle_timeout", "5s"}}}) ==
        "--set: http.server: head_timeout must not exceed idle_timeout\n");
  CHECK(problems(file("edge: {sites: [{host: a}]}")) ==
        "weir.yaml:1:16: edge.sites[0]: needs either origins or respond\n");
}

TEST_CASE("a rule that names one key is told at that key's place") {
  struct Item {
    std::string name;
  };
  struct S {
    std::string fault;
    std::vector<Item> items;
  };
  static const Group<Item> item{"", "An item.", {field(&Item::name, "name", "", "A name.")}};
  static const Group<S> group{
      "shop",
      "A shop.",
      {field(&S::fault, "fault", "", "What its rule finds."),
       field(&S::items, "items", item, "Items.")},
      [](const S& s) -> std::optional<std::string> { return s.fault + ": is wrong"; }};
  Schema schema;
  schema.add(group);
  const auto found = [&](const std::string& fault) {
    const auto values =
        resolve(schema, {"weir.yaml",
                         "shop:\n  items:\n    - name: a\n    - name: b\n    - {}\n",
                         {},
                         {{"shop.fault", fault}, {"shop.items[1].name", "c", "--name"}}});
    return values ? "" : to_string(values.error());
  };
  CHECK(found("items[0].name") == "weir.yaml:3:13: shop.items[0].name: is wrong\n");
  CHECK(found("items[1].name") == "--name: shop.items[1].name: is wrong\n");
  CHECK(found("items[2].name") == "weir.yaml:5:7: shop.items[2].name: is wrong\n");
  CHECK(found("items") == "weir.yaml:3:5: shop.items: is wrong\n");
  CHECK(found("fault") == "--set: shop.fault: is wrong\n");
  for (const std::string other : {"item", "items[0].nam", "fault.x", "the name"})
    CHECK(found(other) == "weir.yaml:2:3: shop: " + other + ": is wrong\n");
}

TEST_CASE("a secret is never part of a message") {
  Schema schema;
  struct S {
    std::string pin;
    uint32_t code = 0;
  };
  static const Group<S> group{"vault",
                              "A vault.",
                              {field(&S::pin, "pin", "", "A pin.").between(0, 4).secret(),
                               field(&S::code, "code", 0, "A code.").secret()}};
  schema.add(group);
  const auto values = resolve(schema, file("vault: {pin: hunter2, code: hunter3}"));
  REQUIRE(!values);
  CHECK(values.error().count() == 2);
  CHECK(to_string(values.error()).find("hunter") == std::string::npos);
}

TEST_CASE("unknown variables are errors that name the nearest; others are not ours") {
  CHECK(problems({"", "", {"WEIR_HTTP_SERVER_PROT=1"}, {}}) ==
        "environment WEIR_HTTP_SERVER_PROT: no setting has this name; did you mean "
        "WEIR_HTTP_SERVER_PORT?\n");
  CHECK(problems({"", "", {"HTTP_SERVER_PROT=1", "weir_x=1", "WEIRD=1", "WEIR_NO_EQUALS"}, {}}) ==
        "");
}

TEST_CASE("the variables of Kubernetes services are not settings") {
  for (const char* name :
       {"EDGE_SERVICE_HOST", "EDGE_SERVICE_PORT", "EDGE_SERVICE_PORT_HTTP", "EDGE_PORT",
        "EDGE_PORT_80_TCP", "EDGE_PORT_80_TCP_ADDR", "EDGE_PORT_53_UDP_PROTO"})
    CHECK_MESSAGE(is_service_link(name), name);
  for (const char* name : {"EDGE_PORTS", "EDGE_PORT_HTTP", "EDGE_PORT_80", "HTTP_SERVER_PROT"})
    CHECK_MESSAGE(!is_service_link(name), name);
  CHECK(problems({"", "", {"WEIR_EDGE_PORT=tcp://10.0.0.1:80"}, {}}) == "");
  // But a setting of that name is one.
  CHECK(server({"", "", {"WEIR_HTTP_SERVER_PORT=9"}, {}}).port == 9);
}

TEST_CASE("a variable that can mean two keys is an error that names both") {
  struct A {
    uint32_t b_c = 0;
  };
  struct B {
    uint32_t c = 0;
  };
  static const Group<A> a{"a", "A.", {field(&A::b_c, "b_c", 0, "A.")}};
  static const Group<B> b{"a.b", "B.", {field(&B::c, "c", 0, "B.")}};
  Schema schema;
  schema.add(a);
  schema.add(b);
  const auto values = resolve(schema, {"", "", {"WEIR_A_B_C=1"}, {}});
  REQUIRE(!values);
  CHECK(to_string(values.error()) ==
        "environment WEIR_A_B_C: can mean a.b.c or a.b_c; use --set\n");
  const auto set = resolve(schema, {"", "", {}, {{"a.b_c", "1"}, {"a.b.c", "2"}}});
  REQUIRE(set);
  CHECK(load(*set, a)->b_c == 1);
  CHECK(load(*set, b)->c == 2);
}

TEST_CASE("a set that cannot be placed says why") {
  const auto with = [](const char* key, const char* value) {
    return problems({"weir.yaml", "edge: {sites: [{host: a, respond: {}}]}", {}, {{key, value}}});
  };
  CHECK(with("edge.sites[2].host", "x") ==
        "--set: edge.sites[2].host: sites has 1 so far; the next one is [1]\n");
  CHECK(with("edge.sites.host", "x") ==
        "--set: edge.sites.host: sites is a list; write sites[0] for its first entry\n");
  CHECK(with("edge.sites[].host", "x") ==
        "--set: edge.sites[].host: write the index between \"[\" and \"]\"\n");
  CHECK(with("edge.sites[x].host", "x") == "--set: edge.sites[x].host: \"x\" is not an index\n");
  CHECK(with("edge.sites[0", "x") == "--set: edge.sites[0: \"sites[0\" lacks its \"]\"\n");
  CHECK(with("edge.listen[0]", "x") ==
        "--set: edge.listen[0]: listen is not a list and takes no index\n");
  CHECK(with("http.server", "x") == "--set: http.server: is a group of settings, not a setting\n");
  CHECK(with("", "x") == "--set: no such setting\n");
  CHECK(with("edge.sites[0].hots", "x") ==
        "--set: edge.sites[0].hots: no such setting; did you mean edge.sites[0].host?\n");
  CHECK(with("edge.sites", "[{host: ]").starts_with("--set: not valid YAML: "));
  CHECK(with("edge.listen", "") == "");
}

TEST_CASE("a set below a value of another kind names the place of that value") {
  CHECK(problems({"weir.yaml", "edge: {sites: no}", {}, {{"edge.sites[0].host", "x"}}})
            .starts_with("--set: edge.sites[0].host: sites is not a list, at weir.yaml:1:15\n"));
}

TEST_CASE("a set is split at its first equals sign") {
  const auto set = parse_set("a.b=c=d");
  REQUIRE(set);
  CHECK(set->key == "a.b");
  CHECK(set->value == "c=d");
  CHECK(set->label == "--set");
  CHECK(parse_set("a.b").error() == "\"a.b\" is not of the form KEY=VALUE");
  CHECK(!parse_set("=x"));
}

TEST_CASE("the problems kept are bounded and the rest is counted") {
  std::string text;
  for (int i = 0; i < 150; ++i)
    text += "k" + std::to_string(i) + ": 1\n";
  const std::string all = problems(file(text));
  CHECK(std::ranges::count(all, '\n') == 101);
  CHECK(all.ends_with("and 50 more\n"));
}

TEST_CASE("a file is read whole, up to a bound") {
  const std::string path = "/tmp/weir_settings_test_" + std::to_string(getpid());
  std::ofstream(path) << "edge: {}\n";
  CHECK(read_text_file(path) == "edge: {}\n");
  std::ofstream(path) << std::string(yaml_bytes_max + 1, '#');
  CHECK(read_text_file(path).error().code == ErrorCode::limit);
  std::remove(path.c_str());
  CHECK(read_text_file(path).error().code == ErrorCode::not_found);
  CHECK(!read_text_file("/tmp"));
}

}  // namespace weir::settings::test

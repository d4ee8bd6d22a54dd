#include "settings/reload.h"

#include <doctest/doctest.h>

#include "settings/print.h"
#include "settings/test_tables.h"

namespace weir::settings::test {
namespace {

Values values_of(const std::string& text) {
  const auto values = resolved({"weir.yaml", text, {}, {}});
  REQUIRE_MESSAGE(values.has_value(), values.error());
  return *values;
}

std::string lines(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes)
    text += change.key + ": " + change.before + " -> " + change.after + "\n";
  return text;
}

}  // namespace

TEST_CASE("a reload splits what changed into what may be applied and what needs a restart") {
  const Values before = values_of("http: {server: {idle_timeout: 30s, port: 1, token: a}}");
  const Values after =
      values_of("http: {server: {idle_timeout: 40s, token: b, keep_alive: false}, }");
  const auto result = reload(test_schema(), before, after);
  REQUIRE(result);
  CHECK(lines(result->live) ==
        "http.server.idle_timeout: 30s -> 40s\nhttp.server.token: <redacted> -> <redacted>\n");
  CHECK(lines(result->restart) ==
        "http.server.keep_alive: true -> false\nhttp.server.port: 1 -> 8080\n");
  const auto effective = load(result->effective, server_settings());
  REQUIRE(effective);
  CHECK(effective->idle_timeout == seconds(40));
  CHECK(effective->token == "b");
  CHECK(effective->port == 1);
  CHECK(effective->keep_alive);
}

TEST_CASE("the same values in other words or another place are no change") {
  const Values before = values_of("http: {server: {idle_timeout: 60s}}");
  const auto result =
      reload(test_schema(), before, values_of("http:\n  server: {idle_timeout: 1m}"));
  REQUIRE(result);
  CHECK(result->live.empty());
  CHECK(result->restart.empty());
  CHECK(reload(test_schema(), before, values_of(""))->live.empty());
}

TEST_CASE("entries of a list of groups come and go with the list's liveness") {
  const Values one = values_of("edge: {sites: [{host: a, origins: [{url: http://x}]}]}");
  const Values two = values_of(
      "edge: {listen: b, sites: [{host: a, origins: [{url: http://y}]}, {host: b, respond: {}}]}");
  const auto grown = reload(test_schema(), one, two);
  REQUIRE(grown);
  CHECK(lines(grown->live) ==
        "edge.sites[0].origins[0].url: \"http://x\" -> \"http://y\"\n"
        "edge.sites[1].host: (none) -> [b]\n"
        "edge.sites[1].respond.body: (none) -> \"\"\n"
        "edge.sites[1].respond.headers: (none) -> {}\n"
        "edge.sites[1].respond.status: (none) -> 200\n");
  CHECK(lines(grown->restart) == "edge.listen: \"127.0.0.1:8080\" -> b\n");
  CHECK(load(grown->effective, edge_settings())->sites.size() == 2);
  CHECK(load(grown->effective, edge_settings())->listen == "127.0.0.1:8080");
  const auto shrunk = reload(test_schema(), two, one);
  REQUIRE(shrunk);
  CHECK(shrunk->live.size() == 5);
  CHECK(load(shrunk->effective, edge_settings())->listen == "b");
}

TEST_CASE("in a plain group each field says whether it is live; in a live one all are") {
  struct Inner {
    uint32_t live = 0;
    uint32_t fixed = 0;
  };
  struct Outer {
    Inner plain;
    Inner whole;
  };
  static const Group<Inner> inner{"",
                                  "Inner.",
                                  {field(&Inner::live, "live", 1, "A number.").live(),
                                   field(&Inner::fixed, "fixed", 1, "A number.")}};
  static const Group<Outer> outer{"outer",
                                  "Outer.",
                                  {field(&Outer::plain, "plain", inner, "A group."),
                                   field(&Outer::whole, "whole", inner, "A group.").live()}};
  Schema schema;
  schema.add(outer);
  const Values before = *resolve(schema, {});
  const Values after = *resolve(
      schema, {"",
               "",
               {},
               {{"outer.plain", "{live: 2, fixed: 2}"}, {"outer.whole", "{live: 2, fixed: 2}"}}});
  const auto result = reload(schema, before, after);
  REQUIRE(result);
  CHECK(lines(result->live) ==
        "outer.plain.live: 1 -> 2\nouter.whole.fixed: 1 -> 2\nouter.whole.live: 1 -> 2\n");
  CHECK(lines(result->restart) == "outer.plain.fixed: 1 -> 2\n");
  const auto effective = load(result->effective, outer);
  CHECK(effective->plain.live == 2);
  CHECK(effective->plain.fixed == 1);
  CHECK(effective->whole.fixed == 2);
  CHECK(explain(schema, after, "outer.plain.fixed")->find("at the next start") !=
        std::string::npos);
  CHECK(explain(schema, after, "outer.plain")->find("each of its settings") != std::string::npos);
  CHECK(explain(schema, after, "outer.whole.fixed")->find("while running") != std::string::npos);
}

TEST_CASE("a mixture of old and new values that breaks a rule is refused") {
  // head_timeout needs a restart and stays at 10 s, so idle_timeout cannot fall below it yet.
  const auto result = reload(test_schema(), values_of(""),
                             values_of("http: {server: {idle_timeout: 5s, head_timeout: 1s}}"));
  REQUIRE(!result);
  CHECK(to_string(result.error()).find("head_timeout must not exceed") != std::string::npos);
}

}  // namespace weir::settings::test

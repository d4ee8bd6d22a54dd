#include "edge/edge_settings.h"

#include <doctest/doctest.h>

#include "settings/print.h"
#include "settings/reload.h"
#include "settings/resolve.h"

namespace weir::edge {
namespace {

// What is wrong with a configuration; "" when it is sound.
std::string problems(std::string text) {
  settings::Schema schema;
  schema.add(edge_settings());
  const auto values = settings::resolve(schema, {"weir.yaml", std::move(text), {}, {}});
  return values ? "" : settings::to_string(values.error());
}

// A site that sends its origin this Authorization.
settings::Values with_authorization(const settings::Schema& schema, const std::string& value) {
  const auto values =
      settings::resolve(schema, {"weir.yaml",
                                 "edge: {sites: [{host: a, origins: [{url: 'http://o'}], "
                                 "headers: {request_set: {Authorization: '" +
                                     value + "'}}}]}",
                                 {},
                                 {}});
  REQUIRE(values);
  return *values;
}

// With `more` behind the first line of a site that has an origin.
std::string problems_of_site(const std::string& more) {
  return problems("edge: {sites: [{host: [a.test], origins: [{url: 'http://o'}], " + more + "}]}");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("header fields that the edge writes itself cannot be configured") {
  for (const std::string name : {"Content-Length", "transfer-encoding", "Connection", "Via",
                                 "Upgrade", "TE", "X-Forwarded-For", "traceparent"}) {
    CAPTURE(name);
    const std::string message = "header " + name + " is written by the edge itself";
    CHECK(has(problems_of_site("headers: {request_set: {" + name + ": x}}"), message));
    CHECK(has(problems_of_site("headers: {request_remove: [" + name + "]}"), message));
  }
  for (const std::string name : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
    CAPTURE(name);
    const std::string message = "header " + name + " is written by the edge itself";
    CHECK(has(problems_of_site("headers: {response_set: {" + name + ": x}}"), message));
    CHECK(has(problems_of_site("headers: {response_remove: [" + name + "]}"), message));
    CHECK(has(problems("edge: {sites: [{host: [a], respond: {headers: {" + name + ": x}}}]}"),
              message));
  }
  CHECK(has(problems_of_site("headers: {request_set: {Host: x}}"), "pass_host: false"));
  CHECK(problems_of_site("headers: {request_set: {X-Real-IP: x}, response_set: {Server: y}, "
                         "request_remove: [Cookie], response_remove: [X-Powered-By]}") == "");
}

TEST_CASE("what an origin is sent is never shown, but that it changed is") {
  settings::Schema schema;
  schema.add(edge_settings());
  const settings::Values before = with_authorization(schema, "Basic SECRET1");
  const settings::Values after = with_authorization(schema, "Basic SECRET2");
  const std::string printed = settings::print_config(schema, before);
  CHECK(has(printed, "request_set: <redacted>"));
  CHECK(!has(printed, "SECRET"));
  for (const char* key :
       {"edge.sites[0].headers.request_set", "edge.sites[0].headers.request_set.Authorization"}) {
    const auto explained = settings::explain(schema, before, key);
    REQUIRE(explained);
    CHECK(has(*explained, "<redacted>"));
    CHECK(!has(*explained, "SECRET"));
  }
  const auto changes = settings::reload(schema, before, after);
  REQUIRE(changes);
  REQUIRE(changes->live.size() == 1);
  CHECK(changes->live[0].key == "edge.sites[0].headers.request_set");
  CHECK(changes->live[0].before == "<redacted>");
  CHECK(changes->live[0].after == "<redacted>");
}

TEST_CASE("the password of a URL is not part of a message") {
  const std::string message =
      problems("edge: {sites: [{host: a, origins: [{url: 'http://u:SECRET@h'}]}]}");
  CHECK(has(message, "\"http://<redacted>@h\" does not have the form"));
}

TEST_CASE("a rewrite that would not make a request line is refused") {
  for (const std::string to : {"/b c", "/b#c", "b", "http://b/", "\"/b\\tc\"", "\"/b\\u00e9\""}) {
    CAPTURE(to);
    CHECK(has(problems_of_site("paths: [{prefix: /a, to: " + to + "}]"), "paths[0].to: "));
  }
  CHECK(problems_of_site("paths: [{prefix: /a, to: '/b?c=d'}]") == "");
  CHECK(problems_of_site("paths: [{prefix: /a, to: 'https://b/c#d', redirect: 301}]") == "");
  CHECK(has(problems_of_site("paths: [{prefix: /a, to: '/b c#d', redirect: 301}]"), "to: "));
}

TEST_CASE("a prefix that no path begins with, and one given twice, are refused") {
  for (const std::string prefix : {"a", "'/a?b'", "'/a#b'", "'/a b'"}) {
    CAPTURE(prefix);
    CHECK(has(problems_of_site("paths: [{prefix: " + prefix + ", to: /b}]"), "/PATH"));
  }
  CHECK(has(problems_of_site("paths: [{prefix: /a, to: /b}, {prefix: /a, to: /c}]"),
            "prefix /a is named twice"));
}

TEST_CASE("a host that is named twice is told at the place of the second") {
  CHECK(problems("edge:\n  sites:\n    - host: a.test\n      respond: {}\n"
                 "    - {host: [b.test, A.test], respond: {}}\n") ==
        "weir.yaml:5:14: edge.sites[1].host: A.test is named twice\n");
}

TEST_CASE("a site whose CORS is set sets by hand only what that never sends") {
  const std::string site = "edge:\n  sites:\n    - host: a.test\n      cors: {}\n";
  const std::string message = ": CORS of this site is set by `cors`; remove one\n";
  CHECK(problems(site + "      origins: [{url: 'http://o'}]\n      headers:\n"
                        "        response_set:\n          X-A: b\n"
                        "          access-control-max-age: 5\n") ==
        "weir.yaml:9:35: edge.sites[0].headers.response_set.access-control-max-age" + message);
  CHECK(problems(site + "      respond: {headers: {X-A: b, Access-Control-Allow-Origin: '*'}}\n") ==
        "weir.yaml:5:64: edge.sites[0].respond.headers.Access-Control-Allow-Origin" + message);
  const std::string other = "headers: {Access-Control-Allow-Private-Network: 'true'}";
  CHECK(problems(site + "      respond: {" + other + "}\n") == "");
  CHECK(problems_of_site("headers: {response_set: {Access-Control-Allow-Origin: '*'}}") == "");
}

TEST_CASE("an address to listen on has no name that would be looked up") {
  for (const std::string key : {"listen", "listen_tls"}) {
    CAPTURE(key);
    CHECK(has(problems("edge: {" + key + ": 'foo:80'}"),
              "edge." + key +
                  ": \"foo:80\" does not have the form HOST:PORT with an IP address or "
                  "localhost as HOST"));
  }
  CHECK(has(problems("edge: {listen: ''}"), "edge.listen: "));
  CHECK(problems("edge: {listen: 'localhost:80'}") == "");
}

TEST_CASE("health paths are paths, or empty to turn one off") {
  CHECK(has(problems("edge: {health: {live_path: live}}"), "edge.health.live_path"));
  CHECK(has(problems("edge: {health: {ready_path: '/a?b'}}"), "edge.health.ready_path"));
  CHECK(problems("edge: {health: {live_path: '', ready_path: /up}}") == "");
}

}  // namespace weir::edge

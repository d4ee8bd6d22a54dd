#include "edge/site.h"

#include <doctest/doctest.h>

#include "settings/load.h"

namespace weir::edge {
namespace {

SiteSettings fixed_site() {
  SiteSettings site;
  site.host = {"a.test"};
  site.respond.emplace();
  site.respond->status = 200;
  site.respond->body = "hi";
  return site;
}

std::string head_of(const SiteSettings& site) {
  EdgeSettings settings = settings::defaults(edge_settings());
  settings.sites = {site};
  const auto config = compile(settings);
  REQUIRE_MESSAGE(config.has_value(), config.error());
  return (*config)->sites[0].respond->head;
}

}  // namespace

TEST_CASE("a fixed answer names its server once") {
  SiteSettings site = fixed_site();
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nServer: weir\r\nContent-Length: 2\r\n");
  site.respond->headers = {{"server", "mine"}};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nserver: mine\r\nContent-Length: 2\r\n");
  site.headers.response_set = {{"Server", "other"}};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nServer: other\r\nContent-Length: 2\r\n");
}

TEST_CASE("a body that cannot be read is told with its key") {
  SiteSettings site = fixed_site();
  site.respond->body.clear();
  for (const std::string path : {"/nowhere", "/"}) {
    site.respond->body_file = path;
    EdgeSettings settings = settings::defaults(edge_settings());
    settings.sites = {fixed_site(), site};
    CHECK(compile(settings).error() == "edge.sites[1].respond.body_file: cannot read " + path);
  }
}

TEST_CASE("a site's header edits hold for its fixed answer, too") {
  SiteSettings site = fixed_site();
  site.respond->headers = {{"X-A", "1"}, {"X-B", "2"}};
  site.headers.response_set = {{"x-a", "3"}};
  site.headers.response_remove = {"Server", "X-B"};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nx-a: 3\r\nContent-Length: 2\r\n");
}

}  // namespace weir::edge

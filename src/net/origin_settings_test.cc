#include "net/origin_settings.h"

#include <doctest/doctest.h>

#include "net/origin_share.h"

namespace weir::net {

TEST_CASE("an origin is a scheme, a host and a port, and nothing more") {
  for (const char* good :
       {"http://a", "https://a.test:8443", "http://[::1]:80/", "http://10.0.0.1"}) {
    CAPTURE(good);
    CHECK(is_origin_url(good));
  }
  for (const char* bad : {"", "a.test", "ftp://a", "http://", "http://a/path", "http://a?x=1",
                          "http://user@a", "http://a:99999", "http://a b"}) {
    CAPTURE(bad);
    CHECK(!is_origin_url(bad));
  }
}

TEST_CASE("an origin that only has a URL has every default") {
  const OriginSettings settings = origin_with_defaults("http://a.test");
  CHECK(settings.connect_timeout == seconds(2));
  CHECK(settings.response_timeout == seconds(30));
  CHECK(settings.connections_max == 1024);
  CHECK(settings.retry.attempts_max == 2);
  CHECK(settings.breaker.probes > 0);
  CHECK(settings.tls.verify);
}

TEST_CASE("what the URL leaves out follows from its scheme") {
  const auto plain = OriginShare::make(origin_with_defaults("http://[::1]"), 1);
  REQUIRE(plain.has_value());
  CHECK((*plain)->port() == 80);
  CHECK((*plain)->host() == "::1");
  CHECK((*plain)->authority() == "[::1]");
  OriginSettings named = origin_with_defaults("https://a.test:444/");
  named.tls.server_name = "b.test";
  const auto secure = OriginShare::make(named, 1);
  REQUIRE(secure.has_value());
  CHECK((*secure)->port() == 444);
  CHECK((*secure)->server_name() == "b.test");
  CHECK(!OriginShare::make(origin_with_defaults("a.test"), 1).has_value());
}

TEST_CASE("slots are given out up to the bound, and again when they come back") {
  OriginSettings settings = origin_with_defaults("http://a.test");
  settings.connections_max = 2;
  const auto share = *OriginShare::make(settings, 4);
  CHECK(share->take_slot());
  CHECK(share->take_slot());
  CHECK(!share->take_slot());
  share->give_slot();
  CHECK(share->take_slot());
}

TEST_CASE("the shard whose connection has been idle longest is asked, never oneself") {
  const auto share = *OriginShare::make(origin_with_defaults("http://a.test"), 4);
  const MonoTime now = MonoTime(hours(1));
  CHECK(share->idle_shard(0, never) == OriginShare::none);
  share->set_oldest_idle(0, now - seconds(9));
  share->set_oldest_idle(2, now - seconds(1));
  share->set_oldest_idle(3, now - seconds(5));
  CHECK(share->idle_shard(0, now) == 3);
  CHECK(share->idle_shard(0, now - seconds(7)) == OriginShare::none);
  CHECK(share->idle_shard(1, now) == 0);
}

}  // namespace weir::net

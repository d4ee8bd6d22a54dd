#include "edge/rules/cache_control.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

ResponseDirectives said(std::string_view lines) {
  return response_directives(TestFields(lines));
}

RequestDirectives asked(std::string_view lines) {
  return request_directives(TestFields(lines));
}

DeltaSeconds of(int64_t seconds) {
  return DeltaSeconds(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("seconds are digits alone, and large ones count as 2^31 (RFC 9111 1.2.2)") {
  CHECK(parse_delta_seconds("0") == of(0));
  CHECK(parse_delta_seconds("003600") == of(3600));
  CHECK(parse_delta_seconds("2147483647") == of(2147483647));
  for (const char* large : {"2147483648", "2147483649", "99999999999", "18446744073709551616",
                            "99999999999999999999999999999999999999999"})
    CHECK_MESSAGE(parse_delta_seconds(large) == of(int64_t{1} << 31), large);
  for (const char* wrong : {"", " ", "-1", "-3600", "+1", "3600.0", "3600.5", "a3600", "3600a",
                            "'3600'", " 3600", "3600 ", "1e3", "0x10", "36\"00"}) {
    CHECK_MESSAGE(parse_delta_seconds(wrong) == DeltaSeconds::invalid(), wrong);
    CHECK(parse_delta_seconds(wrong).value().count() == 0);
  }
  CHECK(!DeltaSeconds().present());
  CHECK(!DeltaSeconds().valid());
  CHECK(DeltaSeconds::invalid().present());
}

TEST_CASE("directives are found whatever their case, beside others and over several fields") {
  CHECK(said("Cache-Control: MaX-aGe=3600").max_age == of(3600));
  CHECK(said("Cache-Control: foobar, max-age=3600").max_age == of(3600));
  CHECK(said("Cache-Control: ,, max-age=3600 ,").max_age == of(3600));
  CHECK(said("Cache-Control: No-StOrE").no_store);
  const ResponseDirectives both =
      said("Cache-Control: max-age=3600\nX: y\nCache-Control: s-maxage=1");
  CHECK(both.max_age == of(3600));
  CHECK(both.s_maxage == of(1));
  const ResponseDirectives all = said(
      "Cache-Control: public, private, no-cache, must-revalidate, proxy-revalidate, immutable\n"
      "Cache-Control: must-understand, no-transform, stale-while-revalidate=5, stale-if-error=6");
  CHECK(all.is_public);
  CHECK(all.is_private);
  CHECK(all.no_cache);
  CHECK(all.must_revalidate);
  CHECK(all.proxy_revalidate);
  CHECK(all.immutable);
  CHECK(all.must_understand);
  CHECK(all.no_transform);
  CHECK(all.stale_while_revalidate == of(5));
  CHECK(all.stale_if_error == of(6));
  CHECK(all.source == DirectiveSource::cache_control);
  CHECK(said("X: y").source == DirectiveSource::none);
  CHECK(said("Cache-Control:").source == DirectiveSource::cache_control);
}

TEST_CASE("a quoted argument is one, and what stands inside of quotes is no directive") {
  CHECK(said("Cache-Control: max-age=\"3600\"").max_age == of(3600));
  CHECK(said("Cache-Control: ext=\"max-age=3600\", max-age=1").max_age == of(1));
  CHECK(said("Cache-Control: max-age=1, ext=\"max-age=3600\"").max_age == of(1));
  CHECK(said("Cache-Control: ext=\"max-age=3600\", max-age=\"1\"").max_age == of(1));
  CHECK(said("Cache-Control: ext=\"a\\\", no-store\"").no_store == false);
  CHECK(said("Cache-Control: ext=\"no-store, private\"").is_private == false);
}

TEST_CASE("a lifetime that is no number is told from one that is absent (RFC 9111 4.2.1)") {
  for (const char* wrong :
       {"max-age", "max-age=", "max-age='3600'", "max-age=-3600", "max-age =3600", "max-age= 3600",
        "max-age=3600.0", "max-age=\"3600", "max-age=\" 3600\"", "max-age=\"\"", "max-age==1"}) {
    const DeltaSeconds age = said("Cache-Control: " + std::string(wrong)).max_age;
    // The one without an end is not read any more.
    const bool unread = std::string_view(wrong) == "max-age=\"3600";
    CHECK_MESSAGE(age.present() == !unread, wrong);
    CHECK_MESSAGE(!age.valid(), wrong);
  }
}

TEST_CASE("of several lifetimes the first counts") {
  CHECK(said("Cache-Control: max-age=1800, max-age=1").max_age == of(1800));
  CHECK(said("Cache-Control: max-age=1\nCache-Control: max-age=1800").max_age == of(1));
  CHECK(said("Cache-Control: max-age=x, max-age=1800").max_age == DeltaSeconds::invalid());
}

TEST_CASE("no-cache and private with names withhold fields, without them the whole") {
  const TestFields named("Cache-Control: no-cache=\"a, B\", private=c, max-age=1");
  const ResponseDirectives directives = response_directives(named);
  CHECK(!directives.no_cache);
  CHECK(!directives.is_private);
  CHECK(directives.withholds_fields);
  for (const char* name : {"a", "A", "b", "c"})
    CHECK_MESSAGE(is_withheld(named, directives.source, name), name);
  CHECK(!is_withheld(named, directives.source, "d"));
  CHECK(!is_withheld(named, DirectiveSource::none, "a"));
  for (const char* whole : {"no-cache=\"\"", "no-cache=\" , \"", "no-cache=", "no-cache =x"}) {
    CHECK_MESSAGE(said("Cache-Control: " + std::string(whole)).no_cache, whole);
    CHECK_MESSAGE(!said("Cache-Control: " + std::string(whole)).withholds_fields, whole);
  }
  CHECK(said("Cache-Control: no-cache=\"a\", no-cache").no_cache);
}

TEST_CASE("a quote without an end may hide no-store, so it counts as one") {
  for (const char* open : {"max-age=3600, x=\"abc", "x=\"abc, no-store", "\"", "max-age=1\""}) {
    const ResponseDirectives directives = said("Cache-Control: " + std::string(open));
    CHECK_MESSAGE(directives.malformed, open);
    CHECK_MESSAGE(directives.no_store, open);
  }
}

TEST_CASE("CDN-Cache-Control, where it is valid, is the only one that counts (RFC 9213 2.2)") {
  const ResponseDirectives targeted =
      said("Cache-Control: no-store, max-age=1\nCDN-Cache-Control: max-age=10000, public");
  CHECK(targeted.source == DirectiveSource::cdn_cache_control);
  CHECK(!targeted.no_store);
  CHECK(targeted.is_public);
  CHECK(targeted.max_age == of(10000));
  CHECK(said("CDN-Cache-Control: no-store\nCache-Control: max-age=1").no_store);
  CHECK(said("CDN-Cache-Control: private").is_private);
  CHECK(said("CDN-Cache-Control: no-cache").no_cache);
  CHECK(said("CDN-Cache-Control: max-age=99999999999").max_age == of(int64_t{1} << 31));
  CHECK(said("CDN-Cache-Control: max-age=60;x=1, foobar").max_age == of(60));
  CHECK(said("CDN-Cache-Control: max-age=60\nCDN-Cache-Control: no-cache").no_cache);
  CHECK(said("CDN-Cache-Control: no-cache=?0, max-age=60").no_cache == false);
  // Of members of one name a dictionary has the last (RFC 9651 4.2.2).
  CHECK(said("CDN-Cache-Control: max-age=60, max-age=5").max_age == of(5));
  CHECK(said("CDN-Cache-Control: max-age=60\nCDN-Cache-Control: max-age=5").max_age == of(5));
  CHECK(said("CDN-Cache-Control: max-age=60, max-age=x").max_age == DeltaSeconds::invalid());
  // But what was forbidden once stays forbidden.
  CHECK(said("CDN-Cache-Control: no-store, no-store=?0").no_store);
  const TestFields names("CDN-Cache-Control: private=\"set-cookie, x\", max-age=1");
  CHECK(response_directives(names).withholds_fields);
  CHECK(is_withheld(names, DirectiveSource::cdn_cache_control, "Set-Cookie"));
  CHECK(!is_withheld(names, DirectiveSource::cdn_cache_control, "y"));
}

TEST_CASE("an empty or malformed CDN-Cache-Control does not exist") {
  for (const char* wrong : {"", " ", "max-age=10000, &&&&&", "max-age = 100", "max-age =100",
                            "max-age= 100", "MaX-aGe=3600", "max-age=1,", "max-age=\"1",
                            "max-age=1.", "max-age=1 no-store", "a=(1 2", "a;B=1"}) {
    const ResponseDirectives directives =
        said("CDN-Cache-Control: " + std::string(wrong) + "\nCache-Control: max-age=7");
    CHECK_MESSAGE(directives.source == DirectiveSource::cache_control, wrong);
    CHECK_MESSAGE(directives.max_age == of(7), wrong);
  }
}

TEST_CASE("in CDN-Cache-Control seconds are integers, everything else is no number") {
  for (const char* wrong : {"max-age=\"60\"", "max-age=60.0", "max-age", "max-age=-60",
                            "max-age=?1", "max-age=(60)", "max-age=:NjA=:", "max-age=@60"}) {
    const ResponseDirectives directives = said("CDN-Cache-Control: " + std::string(wrong));
    CHECK_MESSAGE(directives.source == DirectiveSource::cdn_cache_control, wrong);
    CHECK_MESSAGE(directives.max_age == DeltaSeconds::invalid(), wrong);
  }
}

TEST_CASE("a request may ask for care or for less of it (RFC 9111 5.2.1)") {
  const RequestDirectives directives = asked(
      "Cache-Control: max-age=1, min-fresh=2, max-stale=3\n"
      "Cache-Control: no-cache, no-store, only-if-cached, no-transform, stale-if-error=4");
  CHECK(directives.max_age == of(1));
  CHECK(directives.min_fresh == of(2));
  CHECK(directives.max_stale == of(3));
  CHECK(directives.stale_if_error == of(4));
  CHECK(directives.no_cache);
  CHECK(directives.no_store);
  CHECK(directives.only_if_cached);
  CHECK(directives.no_transform);
  CHECK(!directives.any_stale);
  CHECK(asked("Cache-Control: max-stale").any_stale);
  CHECK(!asked("Cache-Control: max-stale=x").any_stale);
  CHECK(!asked("Cache-Control: max-stale=x").max_stale.valid());
  CHECK(asked("X: y") == RequestDirectives());
  CHECK(asked("Cache-Control: nothing-to-see-here") == RequestDirectives());
}

TEST_CASE("Pragma: no-cache counts where there is no Cache-Control (RFC 9111 5.4)") {
  CHECK(asked("Pragma: no-cache").no_cache);
  CHECK(asked("Pragma: x, No-Cache").no_cache);
  CHECK(!asked("Pragma: foo").no_cache);
  CHECK(!asked("Pragma: no-cache\nCache-Control: max-age=5").no_cache);
}

}  // namespace weir::edge

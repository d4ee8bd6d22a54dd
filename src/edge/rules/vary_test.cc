#include "edge/rules/vary.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

std::string normal(std::string_view lines, VaryKind expected = VaryKind::names) {
  Buffer out;
  CHECK_MESSAGE(append_vary(out, TestFields(lines)) == expected, lines);
  CHECK_MESSAGE(vary_kind(TestFields(lines)) == expected, lines);
  return std::string(out.view());
}

std::string key(std::string_view vary, std::string_view request) {
  Buffer out;
  REQUIRE(append_variant_key(out, vary, TestFields(request)));
  return std::string(out.view());
}

bool same(std::string_view vary, std::string_view a, std::string_view b) {
  return key(vary, a) == key(vary, b);
}

}  // namespace

TEST_CASE("Vary is kept in one form, whatever its order, case and fields (RFC 9110 12.5.5)") {
  CHECK(normal("Vary: Foo, bar") == "bar,foo");
  CHECK(normal("Vary: bar\nVary: FOO , ,Bar") == "bar,foo");
  CHECK(normal("X: y", VaryKind::none).empty());
  CHECK(normal("Vary:", VaryKind::none).empty());
  CHECK(normal("Vary: , ,", VaryKind::none).empty());
  CHECK(vary_has("accept-encoding,foo", "foo"));
  CHECK(!vary_has("accept-encoding,foo", "accept"));
  CHECK(!vary_has("", "foo"));
}

TEST_CASE("a star anywhere, and what is no name, means that nothing can be told apart") {
  for (const char* any :
       {"*", "*, *", ", *", "*, Foo", "Foo, *", "Foo bar", "\"Foo", "Foo, (", "\"*\"", "**, a/b"})
    normal("Vary: " + std::string(any), VaryKind::any);
  normal("Vary:\nVary: *", VaryKind::any);
  normal("Vary: Foo\nVary: *", VaryKind::any);
}

TEST_CASE("what Vary can name is bounded") {
  std::string many = "Vary: a0";
  for (int i = 1; i < 16; ++i)
    many += ",a" + std::to_string(i);
  normal(many);
  CHECK(normal(many + ",a16", VaryKind::limit).empty());
  CHECK(normal("Vary: " + std::string(600, 'a'), VaryKind::limit).empty());
  // The star wins over the bound.
  normal(many + ",a16,*", VaryKind::any);
  Buffer out;
  out.append("kept");
  const TestFields large("Foo: " + std::string(5000, 'x'));
  CHECK(!append_variant_key(out, "foo", large));
  CHECK(out.view() == "kept");
}

TEST_CASE("requests match when the named fields are the same, or both absent (RFC 9111 4.1)") {
  CHECK(same("foo", "Foo: 1", "foo: 1\nOther: 2"));
  CHECK(!same("foo", "Foo: 1", "Foo: 2"));
  CHECK(!same("foo", "Foo: 1", "X: 1"));
  CHECK(!same("foo", "Foo:", "X: 1"));
  CHECK(!same("foo", "Foo: a", "Foo: A"));
  CHECK(same("bar,baz,foo", "Foo: 1\nBaz: 789", "Baz: 789\nFoo: 1"));
  CHECK(!same("bar,baz,foo", "Foo: 1\nBar: abc\nBaz: 789", "Foo: 1\nBaz: 789\nBar: abcde"));
  CHECK(!same("bar,foo", "Foo: 1", "Bar: 1"));
  CHECK(!same("bar,foo", "Bar: 1\nFoo: 2", "Bar: 1,2"));
  CHECK(!same("user-agent", "User-Agent: a", "User-Agent: b"));
}

TEST_CASE("fields of one name are one list, and whitespace beside its commas means nothing") {
  CHECK(same("foo", "Foo: 1, 2", "Foo: 1\nFoo: 2"));
  CHECK(same("foo", "Foo: 1,2", "Foo:  1, 2 "));
  CHECK(same("foo", "Foo: 1 ,\t2", "Foo: 1\nX: y\nFoo: 2"));
  CHECK(!same("foo", "Foo: 1,2", "Foo: 2,1"));
  CHECK(!same("foo", "Foo: a b", "Foo: ab"));
  CHECK(!same("foo", "Foo: \"a, b\"", "Foo: \"a,b\""));
  CHECK(!same("foo", "Foo: \"a\\\", b\"", "Foo: \"a\\\",b\""));
  CHECK(!same("foo", "Foo: 1,,2", "Foo: 1,2"));
  CHECK(same("foo", "Foo: 1\nFoo:", "Foo: 1, "));
}

TEST_CASE("languages are the same wish whatever their order, case, spacing and trivial weights") {
  const char* vary = "accept-language";
  const char* base = "Accept-Language: en, de";
  for (const char* other : {"de, en", "eN, De", " en ,   de", "de;q=1, en", "en;q=1.000,de;Q=1",
                            "en, de, EN", "en,\tde;q=1.0"})
    CHECK_MESSAGE(same(vary, base, "Accept-Language: " + std::string(other)), other);
  for (const char* other : {"en", "en, de;q=0.9", "en, de, fr", "en-US, de", "", "en, de;q=0", "*"})
    CHECK_MESSAGE(!same(vary, base, "Accept-Language: " + std::string(other)), other);
  CHECK(same(vary, "Accept-Language: de;q=0.5, fr;q=0.50", "Accept-Language: fr;q=0.500,de;q=0.5"));
  CHECK(!same(vary, base, "X: y"));
  // What cannot be read is compared as it is.
  CHECK(same(vary, "Accept-Language: en;x=1", "Accept-Language: en;x=1"));
  CHECK(!same(vary, "Accept-Language: en;x=1", "Accept-Language: en;x=2"));
  CHECK(!same(vary, "Accept-Language: en;q=2", "Accept-Language: en"));
}

TEST_CASE("a variant is found by those who like its language best") {
  const auto language_key = [](std::string_view request, std::string_view language) {
    Buffer out;
    REQUIRE(append_language_key(out, "accept-language,foo", TestFields(request), language));
    return std::string(out.view());
  };
  const std::string stored = language_key("Accept-Language: en, de\nFoo: 1", "DE");
  CHECK(stored == language_key("Accept-Language: fr;q=0.5, de;q=1.0\nFoo: 1", "de"));
  CHECK(stored != language_key("Accept-Language: de\nFoo: 2", "de"));
  CHECK(stored != language_key("Accept-Language: fr\nFoo: 1", "fr"));
  CHECK(stored != key("accept-language,foo", "Accept-Language: de\nFoo: 1"));
  const auto best = [](const char* value) {
    return std::string(preferred_language(TestFields("Accept-Language: " + std::string(value))));
  };
  CHECK(best("fr;q=0.5, de;q=1.0") == "de");
  CHECK(best("de") == "de");
  CHECK(best("en, de").empty());
  CHECK(best("*").empty());
  CHECK(best("de;q=0").empty());
  CHECK(best("de;q=x").empty());
  CHECK(best("").empty());
}

TEST_CASE("of Accept-Encoding only the set of codings that we tell apart counts") {
  const char* vary = "accept-encoding";
  const auto encoding = [](std::string_view value) {
    return "Accept-Encoding: " + std::string(value);
  };
  for (const char* other :
       {"br, gzip", "GZIP;q=0.5, br", "gzip, deflate, br", "br,gzip;q=1.0",
        "gzip,br,identity;q=0.1", "x-gzip, br", "br, gzip, zstd;q=0", "*;q=0.1, zstd;q=0"})
    CHECK_MESSAGE(same(vary, encoding("gzip, br"), encoding(other)), other);
  for (const char* other :
       {"gzip", "br", "gzip, br, zstd", "", "gzip;q=0, br", "*", "gzip, br;q=x"})
    CHECK_MESSAGE(!same(vary, encoding("gzip, br"), encoding(other)), other);
  CHECK(same(vary, "X: y", encoding("identity")));
  CHECK(same(vary, "X: y", encoding("deflate, compress")));
  CHECK(same(vary, "X: y", encoding("gzip;q=0, *;q=0")));
  Buffer out;
  append_accept_encoding(out, accepted_codings(TestFields(encoding("zstd, gzip, deflate, br"))));
  CHECK(out.view() == "br, gzip, zstd");
  CHECK(accepted_codings(TestFields("Accept-Encoding: *")) == AcceptedCodings{true, true, true});
}

TEST_CASE("an answer in a coding that keys do not tell apart is recognised") {
  for (const char* known : {"gzip", "GZIP", "br", "zstd", "identity", "x-gzip", "gzip, br", ""})
    CHECK_MESSAGE(is_keyed_coding(TestFields("Content-Encoding: " + std::string(known))), known);
  for (const char* other : {"deflate", "gzip, deflate", "aes128gcm", "compress"})
    CHECK_MESSAGE(!is_keyed_coding(TestFields("Content-Encoding: " + std::string(other))), other);
}

TEST_CASE("no value reaches into the part of another name") {
  const std::string_view values[] = {"", "1", "=", ",", "1,2", "=1", ">de", "a=b", " ", "\"x\""};
  for (const std::string_view a : values)
    for (const std::string_view b : values)
      for (const std::string_view c : values)
        for (const std::string_view d : values) {
          const auto request = [](std::string_view one, std::string_view two) {
            return "A: " + std::string(one) + "\nB: " + std::string(two);
          };
          if (wire::trim_ows(a) == wire::trim_ows(c) && wire::trim_ows(b) == wire::trim_ows(d))
            continue;
          CHECK(!same("a,b", request(a, b), request(c, d)));
        }
}

}  // namespace weir::edge

#include "edge/rules/structured_dictionary.h"

#include <string>

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

constexpr char letters[] = {'i', 'd', 's', 't', 'b', '?', '@', '%', '('};

// "key:type:value " for each member, or "failed".
std::string members(DictionaryReader reader) {
  std::string out;
  for (DictionaryMember member; reader.next(member);) {
    out += std::string(member.key) + ':' + letters[static_cast<size_t>(member.type)] + ':';
    out += member.type == DictionaryMember::Type::boolean ? std::string(member.truth ? "1" : "0")
                                                          : std::string(member.value);
    out += ' ';
  }
  return reader.failed() ? "failed" : out;
}

}  // namespace

TEST_CASE("every type of a member is read (RFC 9651 4.2.2)") {
  CHECK(members(DictionaryReader("a=1, b=-2.5,c=\"x, \\\"y\", d=tok/en:*, e")) ==
        "a:i:1 b:d:-2.5 c:s:x, \\\"y d:t:tok/en:* e:?:1 ");
  CHECK(members(DictionaryReader("a=?0, b=:aGk=:, c=@1659578233, d=%\"f%c3%bc\", *x.y_z-1=?1")) ==
        "a:?:0 b:b:aGk= c:@:1659578233 d:%:f%c3%bc *x.y_z-1:?:1 ");
  CHECK(members(DictionaryReader("a=(), b=(1 \"x\";p tok), c=( 1  2 );q=3")) == "a:(: b:(: c:(: ");
  CHECK(members(DictionaryReader("  a  ,\t b;p;q=1;r=\"x\" ")) == "a:?:1 b:?:1 ");
  CHECK(members(DictionaryReader("")).empty());
}

TEST_CASE("members go on over several fields of one name") {
  const TestFields fields("Cdn-Cache-Control: a=1\nX: b=2\nCDN-Cache-Control: c=3, a=4");
  CHECK(members(DictionaryReader(fields, wire::KnownField::cdn_cache_control)) ==
        "a:i:1 c:i:3 a:i:4 ");
}

TEST_CASE("one fault and nothing of the dictionary counts") {
  for (const char* wrong : {"A=1",
                            "1=1",
                            "=1",
                            ",",
                            "a,",
                            "a,,b",
                            "a=",
                            "a= 1",
                            "a =1",
                            "a=1 b",
                            "a=1;",
                            "a=1; ;b",
                            "a=\"x",
                            "a=\"\\x\"",
                            "a=\"\\",
                            "a=?2",
                            "a=?",
                            "a=:x",
                            "a=:$:",
                            "a=1.",
                            "a=.5",
                            "a=--1",
                            "a=1234567890123456",
                            "a=1234567890123.5",
                            "a=1.2345",
                            "a=(1",
                            "a=(1,2)",
                            "a=(1\"x\")",
                            "a=@x",
                            "a=@1.5",
                            "a=%x",
                            "a=%\"x",
                            "a=&",
                            "a=\x80",
                            "a=\"\x80\x01\"",
                            "a=1 , ",
                            "a;=1"})
    CHECK_MESSAGE(members(DictionaryReader(wrong)) == "failed", wrong);
}

}  // namespace weir::edge

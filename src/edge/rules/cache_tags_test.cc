#include "edge/rules/cache_tags.h"

#include <vector>

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

std::vector<std::string> tags(std::string_view lines) {
  const TestFields fields(lines);
  CacheTags read;
  if (!read.read(fields)) return {"too many"};
  return {read.all().begin(), read.all().end()};
}

using Tags = std::vector<std::string>;

}  // namespace

TEST_CASE("Surrogate-Key is divided by spaces, Cache-Tag by commas, each tag counts once") {
  CHECK(tags("Surrogate-Key: a b  c") == Tags{"a", "b", "c"});
  CHECK(tags("Cache-Tag: a b, c ,,d") == Tags{"a b", "c", "d"});
  CHECK(tags("Surrogate-Key: a A a\nCache-Tag: a,x\nSurrogate-Key: y") == Tags{"a", "A", "x", "y"});
  CHECK(tags("X: y").empty());
  CHECK(tags("Surrogate-Key:\nCache-Tag: ,").empty());
}

TEST_CASE("more or longer tags than are kept are told, so that no purge misses one") {
  std::string many = "Surrogate-Key: t0";
  for (size_t i = 1; i < cache_tags_max; ++i)
    many += " t" + std::to_string(i);
  CHECK(tags(many).size() == cache_tags_max);
  CHECK(tags(many + " t5").size() == cache_tags_max);
  CHECK(tags(many + " more") == Tags{"too many"});
  CHECK(tags("Surrogate-Key: " + std::string(cache_tag_bytes_max, 'x')).size() == 1);
  CHECK(tags("Cache-Tag: a, " + std::string(cache_tag_bytes_max + 1, 'x')) == Tags{"too many"});
}

TEST_CASE("what can be purged by is what can be a tag") {
  for (const char* good : {"a", "product/1", "a b", "\xc3\xbc"})
    CHECK_MESSAGE(is_cache_tag(good), good);
  for (const char* bad : {"", " a", "a ", "a,b", "a\nb", "\x7f"})
    CHECK_MESSAGE(!is_cache_tag(bad), bad);
}

}  // namespace weir::edge

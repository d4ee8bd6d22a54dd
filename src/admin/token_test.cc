#include "admin/token.h"

#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "admin/admin_settings.h"
#include "settings/load.h"
#include "settings/resolve.h"

namespace weir::admin {
namespace {

// A file that is gone when the test is over.
struct TokenFile {
  explicit TokenFile(std::string_view text)
      : path("/tmp/weir-token-test-" + std::to_string(getpid())) {
    std::ofstream(path, std::ios::binary) << text;
  }
  ~TokenFile() { unlink(path.c_str()); }
  std::string path;
};

std::string settings_error(std::vector<settings::Set> sets) {
  settings::Schema schema;
  schema.add(admin_settings());
  settings::Sources sources;
  sources.sets = std::move(sets);
  const auto values = settings::resolve(schema, sources);
  return values ? "" : to_string(values.error());
}

}  // namespace

TEST_CASE("only the token itself opens the pages") {
  const Token token("0123456789abcdef");
  CHECK(token.required());
  CHECK(token.opens("Bearer 0123456789abcdef"));
  CHECK(token.opens("bearer   0123456789abcdef"));
  CHECK(!token.opens("Bearer 0123456789abcdeF"));
  CHECK(!token.opens("Bearer 0123456789abcde"));
  CHECK(!token.opens("Bearer 0123456789abcdef0123456789abcdef"));
  CHECK(!token.opens("Bearer "));
  CHECK(!token.opens("Bearer    "));
  CHECK(!token.opens("Basic 0123456789abcdef"));
  CHECK(!token.opens("0123456789abcdef"));
  CHECK(!token.opens(""));
}

TEST_CASE("without a token everybody may come in") {
  CHECK(!Token().required());
  CHECK(Token().opens(""));
}

TEST_CASE("the token is the first line of its file") {
  const TokenFile file("correct-horse-battery\nanother line\n");
  const auto token = Token::read(file.path);
  REQUIRE_MESSAGE(token.has_value(), token.error());
  CHECK(token->opens("Bearer correct-horse-battery"));
}

TEST_CASE("a token file that is missing, short or unprintable is an error that names it") {
  CHECK(Token::read("/nowhere/token").error().find("/nowhere/token") != std::string::npos);
  const TokenFile small("short\n");
  CHECK(Token::read(small.path).error().find("16 to 4096") != std::string::npos);
  const TokenFile spaced("sixteen bytes and a space\n");
  CHECK(Token::read(spaced.path).error().find("printable") != std::string::npos);
}

TEST_CASE("an admin listener that others can reach is refused without a token") {
  CHECK(settings_error({}) == "");
  CHECK(settings_error({{"admin.listen", "127.0.0.1:1"}}) == "");
  CHECK(settings_error({{"admin.listen", "[::1]:1"}}) == "");
  CHECK(settings_error({{"admin.listen", ""}}) == "");
  CHECK(settings_error({{"admin.listen", ":9080"}}).find("admin.token_file") != std::string::npos);
  CHECK(settings_error({{"admin.listen", "0.0.0.0:9080"}}).find("0.0.0.0:9080") !=
        std::string::npos);
  CHECK(settings_error({{"admin.listen", ":9080"}, {"admin.token_file", "/x"}}) == "");
}

}  // namespace weir::admin

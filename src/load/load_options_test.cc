#include "load/load_options.h"

#include <cstdio>
#include <unistd.h>

#include <doctest/doctest.h>

#include "load/load_command.h"

namespace weir::load {
namespace {

std::expected<LoadOptions, std::string> parse(std::vector<std::string> words) {
  const auto arguments = settings::parse_flags(load_commands().front(), words);
  if (!arguments) return std::unexpected(arguments.error());
  return load_options(*arguments);
}

constexpr const char* url = "--url=http://127.0.0.1:8080/a?b=c";

}  // namespace

TEST_CASE("the request is written once, from the flags") {
  const auto plain = parse({url});
  REQUIRE(plain.has_value());
  CHECK(plain->request_bytes ==
        "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: weir-load\r\n\r\n");
  CHECK(!plain->open_loop());
  CHECK(plain->target.to_string() == "127.0.0.1:8080");

  const auto full = parse({url, "--host=shop.example", "--header=X-A: 1", "--header", "X-B:2",
                           "--body=hello", "--method=PUT"});
  REQUIRE(full.has_value());
  CHECK(full->request_bytes ==
        "PUT /a?b=c HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: weir-load\r\nX-A: 1\r\nX-B: "
        "2\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(parse({url, "--body="})->request_bytes.starts_with("POST "));
}

TEST_CASE("a body can come from a file") {
  char path[] = "/tmp/weir_load_XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  REQUIRE(::write(fd, "from a file", 11) == 11);
  ::close(fd);
  const auto options = parse({url, "--body", "@" + std::string(path)});
  ::unlink(path);
  REQUIRE(options.has_value());
  CHECK(options->request_bytes.ends_with("Content-Length: 11\r\n\r\nfrom a file"));
}

TEST_CASE("rates are constant behind the warm-up or rise over the ramp") {
  const auto level = parse({url, "--rate=250.5", "--warmup=2s"});
  REQUIRE(level.has_value());
  CHECK(level->rate->rate_at(seconds(0)) == 250.5);
  const auto ramp = parse({url, "--ramp=0..1000", "--warmup=2s", "--duration=8s"});
  REQUIRE(ramp.has_value());
  CHECK(ramp->rate->rate_at(seconds(1)) == 0);
  CHECK(ramp->rate->rate_at(seconds(6)) == 500);
  CHECK(parse({url, "--ramp=5..10", "--ramp-time=3s"})->rate->ramp_time == seconds(3));
}

TEST_CASE("a command line that is wrong is refused with what is wrong") {
  const std::pair<std::vector<std::string>, std::string_view> cases[] = {
      {{}, "--url is missing"},
      {{"--url=ftp://x/"}, "is no URL"},
      {{"--url=https://127.0.0.1/"}, "must begin with http://"},
      {{"--url=http://192.0.2.1/"}, "--allow-remote"},
      {{url, "--rate=0"}, "--rate"},
      {{url, "--rate=many"}, "--rate"},
      {{url, "--rate=1", "--ramp=1..2"}, "exclude"},
      {{url, "--ramp=5"}, "FROM..TO"},
      {{url, "--ramp=0..0"}, "FROM..TO"},
      {{url, "--ramp-time=5s"}, "--ramp-time needs"},
      {{url, "--duration=10"}, "is no time"},
      {{url, "--duration=0s"}, "between 1ms and 24h"},
      {{url, "--timeout=2d"}, "between 1ms and 24h"},
      {{url, "--connections=0"}, "from 1 to 60000"},
      {{url, "--queue=0"}, "--queue"},
      {{url, "--arrival=random"}, "poisson or uniform"},
      {{url, "--method=G T"}, "is no method"},
      {{url, "--method=CONNECT"}, "tunnel"},
      {{url, "--host=a b"}, "--host"},
      {{url, "--header=nonsense"}, "NAME: VALUE"},
      {{url, "--header=X: a\nb"}, "--header"},
      {{url, "--header=host: x"}, "--host"},
      {{url, "--header=Content-Length: 3"}, "--body"},
      {{url, "--body=@/nowhere/at/all"}, "cannot be opened"},
      {{url, "--cores=99999"}, "--cores"},
      {{url, "--conections=3"}, "connections"},
  };
  for (const auto& [words, wrong] : cases) {
    const auto options = parse(words);
    REQUIRE_MESSAGE(!options.has_value(), wrong);
    CHECK_MESSAGE(options.error().find(wrong) != std::string::npos, options.error());
  }
}

TEST_CASE("the password of a URL is not part of a message") {
  CHECK(parse({"--url=http://u:SECRET@127.0.0.1/"})
            .error()
            .starts_with("--url: \"http://<redacted>@127.0.0.1/\" is no URL"));
}

TEST_CASE("remote targets are allowed when asked for") {
  CHECK(parse({"--url=http://192.0.2.1/", "--allow-remote"}).has_value());
}

TEST_CASE("the command answers --help and refuses with status 2") {
  static std::string written, problems;
  written.clear();
  problems.clear();
  const LoadTerminal terminal{[](std::string_view text) { written += text; },
                              [](std::string_view text) { problems += text; }};
  const std::string help[] = {"--help"};
  CHECK(run_http(help, terminal) == 0);
  CHECK(written.find("--ramp-time TIME") != written.npos);
  const std::string no_url[] = {"--rate=5"};
  CHECK(run_http(no_url, terminal) == 2);
  CHECK(problems.starts_with("weir load http: --url is missing"));
  problems.clear();
  const std::string unknown[] = {"--rat=5"};
  CHECK(run_http(unknown, terminal) == 2);
  CHECK(problems.starts_with("weir: weir load http has no flag --rat; did you mean --rate?\n"));
}

}  // namespace weir::load

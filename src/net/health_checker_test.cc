#include "net/health_checker.h"

#include "net/client_test_kit.h"

namespace weir::net::test {
namespace {

// What the origin answers; "" closes the connection.
std::string_view answer_now;

constexpr std::string_view good = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr std::string_view bad = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

Task<> answer_script(runtime::StreamPtr& stream, int) {
  const std::string request = co_await hear(*stream, "\r\n\r\n");
  if (request.empty()) co_return;  // a check that was called off
  CHECK(request.starts_with("GET /alive HTTP/1.1\r\nHost: check.test\r\n"));
  if (!answer_now.empty()) co_await say(*stream, answer_now);
}

void check_often(OriginSettings& s) {
  s.health.path = "/alive";
  s.health.host = "check.test";
  s.health.interval = milliseconds(5);
  s.health.timeout = milliseconds(200);
  s.health.healthy_after = 2;
  s.health.unhealthy_after = 3;
}

Task<bool> becomes(Case& all, bool healthy) {
  for (int i = 0; i < 1000 && all.share.healthy() != healthy; ++i)
    co_await pause(all.reactor, milliseconds(2));
  co_return all.share.healthy() == healthy;
}

using CheckedBody = Task<> (*)(Case&);

Task<> with_checker(Case& all, CheckedBody body) {
  telemetry::Recorder recorder;
  HealthChecker checker(all.shard, all.client, recorder, nullptr);
  runtime::Scope scope(all.reactor);
  scope.spawn(checker.run(scope.cancel()));
  co_await body(all);
  scope.cancel().request();
  co_await scope.join();
}

}  // namespace

namespace {

Task<> fail_and_pass(Case& c) {
  co_await pause(c.reactor, milliseconds(40));
  CHECK(c.share.healthy());
  for (const std::string_view failure : {bad, std::string_view("")}) {
    answer_now = failure;
    CHECK(co_await becomes(c, false));
    answer_now = good;
    CHECK(co_await becomes(c, true));
  }
  // One failure is none.
  const int before = c.origin.connections();
  answer_now = bad;
  while (c.origin.connections() < before + 1)
    co_await pause(c.reactor, milliseconds(1));
  co_await pause(c.reactor, milliseconds(2));
  answer_now = good;
  CHECK(c.share.healthy());
}

}  // namespace

TEST_CASE("an origin that fails its checks is unhealthy until it passes them again") {
  on_every_reactor(
      answer_script,
      [](Case& all) -> Task<> {
        answer_now = good;
        co_await with_checker(all, fail_and_pass);
      },
      check_often);
}

TEST_CASE("an origin that does not answer in time is unhealthy") {
  on_every_reactor(
      [](runtime::StreamPtr& stream, int) -> Task<> { (void)co_await hear(*stream, "never"); },
      [](Case& all) -> Task<> {
        co_await with_checker(all, [](Case& c) -> Task<> { CHECK(co_await becomes(c, false)); });
      },
      [](OriginSettings& s) {
        check_often(s);
        s.health.timeout = milliseconds(10);
      });
}

TEST_CASE("ranges of statuses are read") {
  CHECK(StatusRange::parse("204")->first == 204);
  CHECK(StatusRange::parse("204")->last == 204);
  CHECK(StatusRange::parse("200-399")->first == 200);
  CHECK(StatusRange::parse("200-399")->last == 399);
  for (const char* text :
       {"", "-", "20", "2000", "200-", "-200", "300-200", "200-600", "20x", "099"})
    CHECK(!StatusRange::parse(text));
}

}  // namespace weir::net::test

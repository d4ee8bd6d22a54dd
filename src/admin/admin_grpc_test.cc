#include <doctest/doctest.h>

#include "admin/admin_listener.h"
#include "net/client_test_kit.h"
#include "net/grpc_channel.h"
#include "settings/load.h"

namespace weir::admin {
namespace {

using net::GrpcReply;
using runtime::Task;
using wire::GrpcCode;

const std::string serving = "\x08\x01", not_serving = "\x08\x02";

class Process final : public AdminProcess {
 public:
  bool ready() const override { return is_ready; }
  std::string config() const override { return {}; }
  ReloadAnswer reload() override { return {}; }
  void ask_cache(CacheQuestion, std::shared_ptr<CacheReply>) override {}
  const telemetry::Tracing& tracing() const override { return tracing_; }
  void resample(const telemetry::SamplingSettings&) override {}
  void count_scrape(Duration) override {}
  telemetry::HistogramExamples examples() const override { return {}; }
  std::vector<std::pair<std::string, std::string>> build_facts() const override { return {}; }

  std::atomic<bool> is_ready{true};

 private:
  telemetry::Tracing tracing_{1, settings::defaults(telemetry::telemetry_settings()), 1};
};

// An admin listener, and a channel to it from a shard of the test's own.
struct Parts {
  runtime::Shard& shard;
  Process& process;
  net::GrpcChannel& channel;

  Task<GrpcReply> call(std::string_view path, std::string_view message,
                       std::span<const wire::Field> metadata = {}) const {
    const Result<GrpcReply> reply =
        co_await channel.call({.path = path, .message = message, .metadata = metadata},
                              net::test::in_time(shard.reactor()));
    REQUIRE(reply.has_value());
    co_return *reply;
  }
  Task<GrpcReply> check(std::string_view service) const {
    std::string message;
    if (!service.empty())
      message = std::string{'\x0a', static_cast<char>(service.size())} + std::string(service);
    co_return co_await call("/grpc.health.v1.Health/Check", message);
  }
};

Task<> run_parts(net::test::OneShard& one, AdminAccess access, Task<> (*body)(Parts&)) {
  Process process;
  telemetry::Registry registry(1);
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 8);
  auto listener = AdminListener::start(fd, process, registry, std::move(access), nullptr);
  REQUIRE(listener.has_value());
  net::OriginSettings origin =
      net::origin_with_defaults("http://" + runtime::local_of(fd).to_string());
  origin.http2.use = net::Http2Use::on;
  net::LiteralResolver resolver;
  net::GrpcChannel channel(one.shard(), *net::OriginShare::make(origin, 1), resolver,
                           registry.recorder(0), {});
  Parts parts{one.shard(), process, channel};
  co_await body(parts);
  co_await channel.stop();
  listener->reset();
  ::close(fd);
}

void with_listener(AdminAccess access, Task<> (*body)(Parts&)) {
  net::test::OneShard one(net::test::reactor_kinds().front());
  one.run(run_parts(one, std::move(access), body));
}

constexpr const char* reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const std::string list_services("\x3a\x00", 2);

}  // namespace

TEST_CASE("over gRPC health says what the health pages say") {
  with_listener({}, [](Parts& parts) -> Task<> {
    for (const char* service : {"", "ready", "live"})
      CHECK((co_await parts.check(service)).response == serving);
    parts.process.is_ready = false;
    CHECK((co_await parts.check("")).response == not_serving);
    CHECK((co_await parts.check("ready")).response == not_serving);
    CHECK((co_await parts.check("live")).response == serving);
    CHECK((co_await parts.check("shop")).code == GrpcCode::not_found);
    CHECK((co_await parts.call(reflect, list_services))
              .response.contains("grpc.reflection.v1alpha.ServerReflection"));
  });
}

TEST_CASE("with a token health is open, and reflection is not") {
  with_listener({.token = Token("a-token-of-many-letters")}, [](Parts& parts) -> Task<> {
    CHECK((co_await parts.check("")).response == serving);
    CHECK((co_await parts.call(reflect, list_services)).code == GrpcCode::unauthenticated);
    const wire::Field token{"authorization", "Bearer a-token-of-many-letters"};
    CHECK((co_await parts.call(reflect, list_services, std::span(&token, 1))).code == GrpcCode::ok);
  });
}

TEST_CASE("gRPC can be switched off") {
  with_listener({.grpc = false}, [](Parts& parts) -> Task<> {
    CHECK((co_await parts.check("")).code == GrpcCode::unimplemented);
  });
}

}  // namespace weir::admin

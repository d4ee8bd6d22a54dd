#pragma once
// AdminHandler: the pages for operators. One a process, on the admin shard. Health is open to
// everybody; all other pages ask for the token if there is one, and otherwise for a client's
// certificate, or a Host that is loopback or an address, so that no web page can reach them through
// a name of its own.

#include <atomic>
#include <span>
#include <string>

#include "admin/admin_process.h"
#include "admin/token.h"
#include "net/grpc_health.h"
#include "net/grpc_reflection.h"
#include "net/http_exchange.h"
#include "telemetry/registry.h"

namespace weir::admin {

// Who may ask, and for what.
struct AdminAccess {
  Token token;
  bool grpc = true;  // health and reflection
  bool http2 = true;
};

class AdminHandler final : public net::HttpHandler, net::GrpcHealthSource {
 public:
  AdminHandler(AdminProcess& process, telemetry::Registry& registry, AdminAccess access)
      : process_(process),
        registry_(registry),
        token_(std::move(access.token)),
        answers_grpc_(access.grpc) {}

  runtime::Task<> handle(net::HttpExchange& exchange) override;
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override;

  // Any thread.
  uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Answer {
    uint16_t status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body = {};
    std::string_view extra_name = {};  // one more field
    std::string extra_value = {};
  };
  using Page = runtime::Task<Answer> (AdminHandler::*)(net::HttpExchange&);
  struct Route {
    std::string_view path;
    std::string_view method;  // a page that answers GET answers HEAD, too
    bool open;                // to everybody
    Page page;
    std::string_view prose;
  };
  static std::span<const Route> routes();

  // "" and "ready" are as /health/ready, "live" as /health/live.
  State state_of(std::string_view service) const override;
  std::vector<std::string_view> services() const override { return {"", "ready", "live"}; }
  runtime::Task<> answer_grpc(net::HttpExchange& exchange);
  runtime::Task<Answer> answer(net::HttpExchange& exchange);
  bool may_enter(const net::HttpExchange& exchange) const;

  runtime::Task<Answer> index(net::HttpExchange& exchange);
  runtime::Task<Answer> live(net::HttpExchange& exchange);
  runtime::Task<Answer> ready(net::HttpExchange& exchange);
  runtime::Task<Answer> metrics(net::HttpExchange& exchange);
  runtime::Task<Answer> config(net::HttpExchange& exchange);
  runtime::Task<Answer> reload(net::HttpExchange& exchange);
  runtime::Task<Answer> sampling(net::HttpExchange& exchange);
  runtime::Task<Answer> resample(net::HttpExchange& exchange);
  static Answer in_force(const telemetry::SamplingSettings& settings);
  runtime::Task<Answer> cpu_profile(net::HttpExchange& exchange);
  runtime::Task<Answer> heap_profile(net::HttpExchange& exchange);
  runtime::Task<Answer> traces(net::HttpExchange& exchange);
  runtime::Task<Answer> build(net::HttpExchange& exchange);
  runtime::Task<Answer> purge(net::HttpExchange& exchange);
  runtime::Task<Answer> prewarm(net::HttpExchange& exchange);
  runtime::Task<Answer> prewarm_state(net::HttpExchange& exchange);
  runtime::Task<Answer> hottest(net::HttpExchange& exchange);
  runtime::Task<Answer> explain(net::HttpExchange& exchange);
  // Asks the cache and waits for its answer.
  runtime::Task<Answer> ask_cache(net::HttpExchange& exchange, CacheQuestion question);

  AdminProcess& process_;
  telemetry::Registry& registry_;
  Token token_;
  const bool answers_grpc_;
  net::GrpcHealth grpc_health_{*this};
  net::GrpcReflection reflection_{net::GrpcReflection::Version::v1, {&net::GrpcHealth::file()}};
  net::GrpcReflection old_reflection_{net::GrpcReflection::Version::v1alpha,
                                      {&net::GrpcHealth::file()}};
  net::GrpcServer grpc_{{&grpc_health_, &reflection_, &old_reflection_}};
  net::GrpcServer no_grpc_{{}};
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace weir::admin

#pragma once
// CaresResolver: looks names up with c-ares, whose sockets and timers run on the shard's reactor.
// Asks /etc/hosts first, then for A and AAAA; those who ask for one name at a time share a look-up.
// Remembers answers for as long as they say, within bounds, failures for a moment, and serves an
// answer that has grown old when there is no newer one (RFC 8767). Reads /etc/hosts and
// /etc/resolv.conf with blocking calls, on a miss and when it is made.
//
// One a shard; stop() before it dies.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/client_metrics.h"
#include "net/resolver.h"
#include "net/resolver_settings.h"
#include "runtime/scope.h"

struct ares_channeldata;
struct ares_addrinfo;  // NOLINT(readability-identifier-naming): c-ares names it

namespace weir::net {

class CaresResolver final : public Resolver {
 public:
  // Errors: invalid (a server is no address), dns (c-ares cannot be set up).
  static Result<std::unique_ptr<CaresResolver>> make(runtime::Reactor& reactor,
                                                     const ResolverSettings& settings,
                                                     telemetry::Recorder& recorder);
  ~CaresResolver() override;

  runtime::Task<Result<std::vector<Address>>> resolve(std::string_view host, uint16_t port,
                                                      runtime::Wait wait) override;
  // Ends look-ups under way; nobody asks any more.
  runtime::Task<> stop();

  size_t name_count() const { return names_.size(); }

 private:
  // What is known of a name.
  struct Name {
    explicit Name(CaresResolver& owner) : resolver(owner), waiting(owner.reactor_) {}
    CaresResolver& resolver;
    std::vector<Address> addresses;  // without port
    Error failure{ErrorCode::dns, ""};
    MonoTime fresh_until{};  // of the addresses, or of the failure where there are none
    MonoTime stale_until{};
    bool pending = false;
    uint32_t waiters = 0;
    runtime::WaitQueue waiting;
  };
  // One of c-ares' sockets, watched through a descriptor of our own: c-ares closes its own while we
  // may still wait.
  struct Socket {
    int cares_fd = -1;
    int fd = -1;
    short events = 0;
    runtime::Cancel cancel;
  };

  // An old answer waits so long for a new one.
  static constexpr Duration refresh_time = milliseconds(500);

  CaresResolver(runtime::Reactor& reactor, const ResolverSettings& settings,
                telemetry::Recorder& recorder);
  Result<> set_up();
  Name* find_or_add(std::string_view host);
  void forget_one();
  void start(const std::string& host, Name& name);
  Result<std::vector<Address>> answer(Name& name, uint16_t port);
  bool is_stale_usable(const Name& name) const;
  void keep_answer(Name& name, const ares_addrinfo& found);
  void keep_failure(Name& name, int status);
  runtime::Task<> watch(std::unique_ptr<Socket> socket);
  void unwatch(int cares_fd);
  void process(int readable_fd, int writable_fd);
  void arm_timer();

  static void on_socket(void* self, int fd, int readable, int writable);
  static void on_answer(void* name, int status, int timeouts, ares_addrinfo* found);
  static void on_timer(void* self);

  runtime::Reactor& reactor_;
  const ResolverSettings settings_;
  ResolverMetrics metrics_;
  ares_channeldata* channel_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<Name>> names_;
  std::vector<Socket*> sockets_;
  runtime::Scope watchers_;
  runtime::Timer timer_;
  bool stopped_ = false;
};

}  // namespace weir::net

#pragma once
// DemoServer: the demo origin, running: on a thread and a loopback port of its own, so that its
// slow and large answers cost the shards of the edge nothing. Start it before the edge, stop it
// behind it. Its connections are not counted in the metrics of the process: to the edge it is
// somebody else's server.

#include <memory>
#include <string>

#include "net/http_server.h"
#include "runtime/threads.h"

namespace weir::demo {

class DemoServer {
 public:
  // Listens on `address`, port 0 for any that is free.
  static Result<std::unique_ptr<DemoServer>> start(const Address& address,
                                                   const runtime::ReactorOptions& reactor = {});
  // 127.0.0.1 and a free port.
  static Result<std::unique_ptr<DemoServer>> start();
  ~DemoServer();
  DemoServer(const DemoServer&) = delete;
  DemoServer& operator=(const DemoServer&) = delete;

  const Address& address() const { return address_; }
  // "http://127.0.0.1:40123".
  std::string url() const { return "http://" + address_.to_string(); }
  // Ends what runs: answers under way get `limit`, then their connections are cut. Blocks at most
  // that long, and some.
  void stop(Duration limit = milliseconds(500));

 private:
  DemoServer(int listen_fd, const Address& address);
  runtime::Task<> shard_main(runtime::Shard& shard);

  int listen_fd_;
  Address address_;
  net::HttpServerGroup group_{1};
  std::unique_ptr<runtime::Threads> threads_;
};

}  // namespace weir::demo

#include "demo/demo_server.h"

#include <unistd.h>

#include "demo/demo_origin.h"
#include "runtime/socket.h"
#include "settings/load.h"

namespace weir::demo {

Result<std::unique_ptr<DemoServer>> DemoServer::start() {
  return start(Address::v4(0x7f000001, 0));
}

Result<std::unique_ptr<DemoServer>> DemoServer::start(const Address& address,
                                                      const runtime::ReactorOptions& reactor) {
  if (!address.is_loopback())
    return fail(ErrorCode::invalid, "the demo origin listens on loopback only");
  WEIR_TRY(const int fd, runtime::open_listener(address, 1024));
  std::unique_ptr<DemoServer> server(new DemoServer(fd, runtime::local_of(fd)));
  const runtime::ThreadOptions options{.cores = {0}, .pin = false, .reactor = reactor};
  WEIR_TRY(server->threads_,
           runtime::Threads::start(options, [self = server.get()](runtime::Shard& shard) {
             return self->shard_main(shard);
           }));
  return server;
}

DemoServer::DemoServer(int listen_fd, const Address& address)
    : listen_fd_(listen_fd), address_(address) {}

DemoServer::~DemoServer() {
  stop(Duration(0));
  ::close(listen_fd_);
}

runtime::Task<> DemoServer::shard_main(runtime::Shard& shard) {
  DemoOrigin origin(shard.reactor().wall_now());
  telemetry::Recorder recorder;
  const auto settings = settings::defaults(net::http_server_settings());
  net::HttpServer server(shard, group_, origin, settings, recorder);
  co_await server.run(listen_fd_);
}

void DemoServer::stop(Duration limit) {
  if (!threads_) return;
  threads_->drain();
  if (!threads_->join(limit)) threads_->close();
  while (!threads_->join(seconds(1))) {
  }
  threads_.reset();
}

}  // namespace weir::demo

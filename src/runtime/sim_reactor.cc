#include "runtime/sim_reactor.h"

#include <algorithm>
#include <cerrno>

#include "runtime/last_accepts.h"
#include "runtime/sim_stream.h"
#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

class SimListener final : public Listener, SimWatcher {
 public:
  SimListener(SimReactor& reactor, int id) : world_(reactor.world()), id_(id), arrivals_(reactor) {
    world_.network().watch_listener(id_, *this);
  }
  ~SimListener() override { world_.network().unwatch_listener(id_, *this); }

  Task<Result<int>> accept(Wait wait) override {
    for (Result<> arrived;;) {
      if (last_.over(wait, [this] { return world_.network().connections_queued(id_); }))
        co_return fail(ErrorCode::cancelled, "cancelled");
      if (world_.network().connections_queued(id_) > 0) {
        if (world_.accept_fails())
          co_return std::unexpected(system_error(EMFILE, "accepting failed"));
        last_.count();
        co_return world_.network().take_connection(id_);
      }
      if (!arrived) co_return std::unexpected(arrived.error());
      arrived = co_await arrivals_.wait(wait);
    }
  }

 private:
  void on_ready() override { arrivals_.wake_one(); }

  SimWorld& world_;
  int id_;
  LastAccepts last_;
  WaitQueue arrivals_;
};

// One connect that is under way; lives in its coroutine's frame.
class Connecting final : public SimConnecting {
 public:
  Connecting(SimReactor& reactor, Wait wait)
      : network_(reactor.world().network()), waiter_(reactor, wait) {}
  ~Connecting() {
    network_.give_up(attempt_);
    // It came true after its deadline.
    if (socket_ >= 0) network_.find(socket_)->close(false);
  }
  void start(const Address& from, const Address& to) {
    attempt_ = network_.connect(from, to, *this);
  }
  Waiter& answer() { return waiter_; }
  int take() { return std::exchange(socket_, -1); }

 private:
  void on_connected(int socket) override {
    socket_ = socket;
    waiter_.wake();
  }

  SimNetwork& network_;
  Waiter waiter_;
  uint64_t attempt_ = 0;
  int socket_ = -1;
};

}  // namespace

SimReactor::SimReactor(SimWorld& world, const Address& host)
    : Reactor({.kind = ReactorKind::simulated}, world.now(), world.wall_offset(), world.random()()),
      world_(world),
      host_(host) {
  world_.enter(*this);
}

SimReactor::~SimReactor() {
  // They have no effect any more.
  while (FileOperation* operation = file_operations_.front()) {
    world_.disk(host_).forget(*operation);
    delete operation;
  }
  world_.leave(*this);
}

Result<std::unique_ptr<Listener>> SimReactor::listen(int fd) {
  if (!world_.network().listener_address(fd).valid())
    return fail(ErrorCode::not_found, "no simulated listener has this number");
  return std::make_unique<SimListener>(*this, fd);
}

StreamPtr SimReactor::adopt(int fd) {
  SimSocket* socket = world_.network().find(fd);
  WEIR_ASSERT(socket);
  return StreamPtr(new SimStream(*this, *socket));
}

Task<Result<StreamPtr>> SimReactor::connect(Address peer, Wait wait) {
  Connecting connecting(*this, wait);
  connecting.start(host_, peer);
  Result<> answer = co_await connecting.answer();
  if (!answer) co_return std::unexpected(Error{answer.error().code, "cannot connect"});
  const int socket = connecting.take();
  if (socket < 0) co_return std::unexpected(system_error(ECONNREFUSED, "cannot connect"));
  co_return adopt(socket);
}

Task<Result<short>> SimReactor::poll(int, short, Wait) {
  co_return fail(ErrorCode::unsupported, "a simulated reactor has no descriptors to poll");
}

void SimReactor::start_file_operation(FileOperation& operation) {
  world_.disk(host_).start(operation);
}

void SimReactor::turn(MonoTime limit) {
  if (!world_.driving()) world_.wait_for(*this, limit);
  now_ = world_.now();
  woken_ = false;
  run_streams();
  timers_.advance(now_);
  run_ready();
}

void SimReactor::run_streams() {
  // What is signalled while we run waits for the next turn. By index: a stream may drop others.
  const size_t count = signalled_.size();
  for (size_t i = 0; i < count; ++i)
    if (SimStream* stream = std::exchange(signalled_[i], nullptr)) stream->run();
  signalled_.erase(signalled_.begin(), signalled_.begin() + static_cast<ptrdiff_t>(count));
}

void SimReactor::drop_signal(SimStream& stream) {
  std::ranges::replace(signalled_, &stream, nullptr);
}

}  // namespace weir::runtime

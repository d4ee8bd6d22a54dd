#pragma once
// Stream: one byte stream to a peer (a TCP connection, TLS over one, a simulated one). Owned
// through StreamPtr by one coroutine family on one shard. At most one recv() and one send() wait at
// a time; they are independent of each other.
//
// Received bytes are queued here as chunks while nobody waits, up to a bound; then the back end
// stops reading, which is the back-pressure. Where all streams together hold too much, those that
// get more than their readers take are cut off (runtime/receive_budget.h). A recv() that times out
// or is cancelled loses nothing: the bytes stay in the stream. A send() that does not complete
// leaves the stream unusable, since part of it may have gone.

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <sys/uio.h>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "runtime/cancel.h"
#include "runtime/chunk.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"

namespace weir::runtime {

class Reactor;
class Stream;

struct StreamCloser {
  void operator()(Stream* stream) const;
};
// Destroying it closes the connection; nobody may be waiting on it then.
using StreamPtr = std::unique_ptr<Stream, StreamCloser>;

// What lies between a descriptor and its bytes, such as TLS, on its way to another shard.
class StreamLayer {
 public:
  virtual ~StreamLayer() = default;
  // The stream of the bytes inside `inner`. Once.
  virtual StreamPtr over(StreamPtr inner) = 0;
};

class Stream {
 public:
  // Reading stops at the first number, or at the bytes that the reactor's budget says; what the
  // kernel had under way by then still arrives, and the second bounds it.
  static constexpr size_t queued_chunks_pause = 4, queued_chunks_max = 128;

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The next bytes; an empty chunk once the peer has ended its side. Errors: reset, timed_out,
  // cancelled, io, tls.
  auto recv(Wait wait) { return RecvAwaiter{*this, wait}; }
  // Sends everything, or fails. The memory that `parts` names (and `parts` itself) lives until it
  // completes. Errors: reset, timed_out, cancelled, io, tls.
  auto send(std::span<iovec> parts, Wait wait) { return SendAwaiter{*this, parts, wait}; }

  // Whether recv() would answer without waiting.
  bool has_input() const { return queue_head_ < queue_.size() || ended_; }
  // Nothing was received and the peer has not closed: an idle connection may be used for a new
  // request.
  virtual bool quiet() const { return !has_input(); }
  // Goes on reading although nobody waits, so that an idle connection notices its end. Only while
  // nobody waits.
  void keep_watch() {
    if (quiet()) resume_input();
  }

  // Much may be received here, such as the answers of an origin, and what nobody waits for is
  // better left in the socket: a hint on how to receive.
  virtual void expect_bulk() {}

  // How the peer ended its side; nullptr while it has not.
  const Result<>* end() const { return ended_ ? &end_ : nullptr; }
  // Requests `cancel`, which outlives that, when the peer ends its side or breaks the stream, if
  // reading goes on then (it does until the queue is full); nullptr: nobody's any more.
  void request_on_end(Cancel* cancel) { on_end_ = cancel; }
  // Whether it is known to be broken, though its input has ended in order before. Asks the kernel.
  virtual bool broken() const { return false; }

  // Says that we shall send no more; bytes may still arrive.
  virtual void shutdown_send() = 0;
  // Closing with a RST instead of a FIN, so that the peer cannot take a torn body for a whole one.
  virtual void abort_on_close() = 0;
  virtual Address peer() const = 0;
  virtual Address local() const = 0;
  Reactor& reactor() const { return reactor_; }

  // On which core its packets arrive; -1 where that is not known.
  virtual int core_of_packets() const { return -1; }
  // Gives the descriptor away, for another shard to adopt; afterwards this stream can only be
  // destroyed. Only while nobody waits. -1 when bytes came meanwhile, which a plain socket still
  // gives (one under TLS cannot go on), or when this kind of stream cannot move.
  virtual Task<int> detach() { co_return -1; }
  // After detach(): what the adopting shard puts over the descriptor's stream; null: nothing.
  virtual std::unique_ptr<StreamLayer> take_layer() { return nullptr; }

  // For relay.h: the socket, while nobody else uses that side of it, until give_back(), which is
  // told how many bytes a relay has moved; -1 where bytes must pass through us, and where some
  // wait here. `body_received`: see RelayEnd.
  virtual int lend_input([[maybe_unused]] uint64_t body_received) { return -1; }
  virtual int lend_output() { return -1; }
  virtual void give_back([[maybe_unused]] uint64_t taken) {}

  uint64_t bytes_received() const { return bytes_received_; }
  uint64_t bytes_sent() const { return bytes_sent_; }

 protected:
  explicit Stream(Reactor& reactor);
  virtual ~Stream();

  // Back end: a consumer waits and nothing is queued; see to it that on_received() or on_ended()
  // comes.
  virtual void want_input() = 0;
  // Back end: the queue is full; stop reading until want_input() is called.
  virtual void pause_input() = 0;
  // Back end: begin to send `bytes` in all. Answers the outcome when it is known at once; otherwise
  // on_sent() brings it later, never from inside this call. May change `parts` to keep track of
  // what is left.
  virtual std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) = 0;
  // Back end: a send must end soon (deadline or cancel); on_sent() still comes.
  virtual void abort_send() = 0;
  // Back end: the owner let go; free everything and delete this when the kernel is done with it.
  virtual void close() = 0;

  // For back ends. They may resume the coroutine that waits, which may destroy the owner: touch
  // nothing afterwards.
  void on_received(Chunk chunk);
  void on_ended(Result<> how);
  void on_sent(Result<> result, size_t bytes);

  bool receiver_waits() const { return static_cast<bool>(receiver_); }
  // Whether reading goes on once `bytes` more have come.
  bool reads_on_after(size_t bytes) const;
  bool input_ended() const { return ended_; }

 private:
  friend struct StreamCloser;

  struct RecvAwaiter {
    Stream& stream;
    Wait wait;
    bool await_ready() const { return stream.has_input(); }
    bool await_suspend(std::coroutine_handle<> caller) { return stream.wait_input(caller, wait); }
    Result<Chunk> await_resume() { return stream.take_input(); }
  };
  struct SendAwaiter {
    Stream& stream;
    std::span<iovec> parts;
    Wait wait;
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> caller) {
      return stream.begin_send(caller, parts, wait);
    }
    Result<> await_resume() { return stream.send_result_; }
  };

  void resume_input() {
    input_paused_ = false;
    want_input();
  }
  size_t queued_chunks() const { return queue_.size() - queue_head_; }
  // What is queued goes, and nothing follows.
  void cut_off();
  void drop_queue();
  bool wait_input(std::coroutine_handle<> caller, Wait wait);
  Result<Chunk> take_input();
  bool begin_send(std::coroutine_handle<> caller, std::span<iovec> parts, Wait wait);
  void stop_receiver(Error why);
  void stop_sender(Error why);
  static void recv_late(void* self);
  static void send_late(void* self);
  static void recv_cancelled(void* self);
  static void send_cancelled(void* self);

  Reactor& reactor_;
  std::coroutine_handle<> receiver_;
  std::coroutine_handle<> sender_;
  Timer recv_timer_;
  Timer send_timer_;
  CancelHook recv_hook_;
  CancelHook send_hook_;
  std::vector<Chunk> queue_;  // emptied whenever the last chunk is taken
  uint32_t queue_head_ = 0;
  size_t queued_bytes_ = 0;
  Cancel* on_end_ = nullptr;
  bool ended_ = false;
  bool input_paused_ = false;
  bool stopping_send_ = false;
  Chunk direct_;  // handed straight to the receiver
  Result<> recv_error_;
  Result<> end_;
  Result<> send_result_;
  uint64_t bytes_received_ = 0;
  uint64_t bytes_sent_ = 0;
};

inline iovec part(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace weir::runtime

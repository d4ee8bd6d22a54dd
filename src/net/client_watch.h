#pragma once
// ClientWatch: notices, while an answer is waited for, that the client has left. Lives beside one
// HttpExchange, on its shard, in whoever waits; costs nothing while the client stays.
//
// A connection that breaks says it. One that ends in order (a FIN) does not: the client may have
// gone, or it may have said all it had and read on (`printf ... | nc`). Which of the two shows when
// something is sent: whoever has gone answers with a RST. So it is sent "100 Continue", which
// clients have to skip (RFC 9110 15.2), once, and only before anything of the answer.

#include "net/http_exchange.h"
#include "runtime/scope.h"

namespace weir::net {

// What the end of a client's side means while its answer is waited for.
enum class ClientAbort : uint8_t {
  ignore,  // nothing; nor does a break
  probe,   // that it may have left, which a probe shows
  end,     // that it has left
};

class ClientWatch {
 public:
  ClientWatch(HttpExchange& exchange, ClientAbort policy);
  // After stop_probing().
  ~ClientWatch();
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  // For waits: requested when nobody waits for the answer any more, since the client has left or
  // the shard closes.
  runtime::Cancel& abandoned() { return abandoned_; }
  bool client_left() const { return left_; }

  // Before others append to the answer, and before this is destroyed: no probe follows. Answers
  // whether none is under way either; else await probed() first. From here on only a break of the
  // connection shows that the client has left.
  [[nodiscard]] bool stop_probing();
  runtime::Task<> probed() { return probing_.join(); }

 private:
  static void on_closing(void* self);
  static void on_end(void* self);
  void client_ended();
  void leave();
  runtime::Task<> probe();

  HttpExchange& exchange_;
  const ClientAbort policy_;
  runtime::Scope probing_;
  runtime::Cancel ended_;
  runtime::CancelHook end_hook_;
  runtime::Cancel abandoned_;
  runtime::CancelHook closing_hook_;
  bool left_ = false;
};

}  // namespace weir::net

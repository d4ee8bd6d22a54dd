#pragma once
// Upload: sends one request's body on to an origin, beside the waiting for its answer.

#include "edge/edge_request.h"
#include "net/client_watch.h"
#include "net/exchange.h"
#include "runtime/scope.h"

namespace weir::edge {

class Upload {
 public:
  enum class State : uint8_t {
    none,  // no body, or all of it went with the head
    running,
    done,
    client_failed,  // client_error() says how
    too_large,      // more than the site accepts
    origin_failed,  // the origin takes no more; an answer may still come
  };

  // `watch` outlives it.
  Upload(EdgeRequest& request, net::OriginExchange& origin, net::ClientWatch& watch)
      : request_(request),
        origin_(origin),
        scope_(request.exchange.reactor()),
        watch_(watch),
        watch_hook_(on_abandoned, &abandoned_) {}

  // Sends the head, and with it the body if all of that is here already. Errors: of the origin's
  // stream.
  runtime::Task<Result<>> begin(std::string_view head, std::string_view ready_body);
  // Ends what still runs.
  runtime::Task<> end();

  State state() const { return state_; }
  // After client_failed: `invalid` for a broken body, `timed_out`, or how its connection ended.
  Error client_error() const { return client_error_; }
  // For waits on the origin: requested when the upload makes an answer pointless, when the client
  // has left, or when the shard closes.
  runtime::Cancel& abandoned() { return abandoned_; }

 private:
  static void on_abandoned(void* abandoned) { static_cast<runtime::Cancel*>(abandoned)->request(); }
  runtime::Task<> run();
  runtime::Task<State> pass_on_body();
  runtime::Task<Result<std::string_view>> read();
  runtime::Task<Result<>> pass_on(std::string_view piece);
  runtime::Task<Result<>> pass_on_end();

  EdgeRequest& request_;
  net::OriginExchange& origin_;
  runtime::Scope scope_;
  runtime::Cancel abandoned_;
  net::ClientWatch& watch_;
  runtime::CancelHook watch_hook_;
  State state_ = State::none;
  Error client_error_{ErrorCode::closed, "the client left"};
};

}  // namespace weir::edge

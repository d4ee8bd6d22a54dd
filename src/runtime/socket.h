#pragma once
// The system calls on sockets that both kernel back ends and the listener set-up need.

#include "base/address.h"
#include "base/result.h"

namespace weir::runtime {

// A listening socket on `address`, close-on-exec, with a queue of `backlog`.
Result<int> open_listener(const Address& address, int backlog);
// A socket that is about to connect to `peer`, without Nagle's delay.
Result<int> open_client_socket(const Address& peer);
// epoll needs non-blocking descriptors; io_uring, which would answer EAGAIN on them instead of
// waiting, blocking ones.
void set_nonblocking(int fd, bool nonblocking);
// The close sends a RST.
void reset_on_close(int fd);
Address peer_of(int fd);
Address local_of(int fd);

}  // namespace weir::runtime

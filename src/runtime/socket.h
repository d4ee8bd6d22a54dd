#pragma once
// The system calls on sockets that both kernel back ends and the listener set-up need.

#include <span>
#include <string>
#include <sys/uio.h>

#include "base/address.h"
#include "base/result.h"

namespace weir::runtime {

class PagePipe;

// Whether the kernel lets this process choose this congestion control, such as "reno".
bool has_congestion_control(const std::string& name);
// A listening socket on `address`, close-on-exec, with a queue of `backlog`. If the address is one
// of loopback, connections have the congestion control `on_loopback`; empty: the system's.
Result<int> open_listener(const Address& address, int backlog, const std::string& on_loopback = {});
// How many connections wait to be accepted from a listening socket.
size_t connections_queued(int fd);
// A socket that is about to connect to `peer`, without Nagle's delay; `on_loopback` as above.
Result<int> open_client_socket(const Address& peer, const std::string& on_loopback = {});
// epoll needs non-blocking descriptors; io_uring, which would answer EAGAIN on them instead of
// waiting, blocking ones. Listening sockets are left as they are by io_uring: its multishot accept
// waits on either kind, and a process on epoll may share them.
void set_nonblocking(int fd, bool nonblocking);
// Drops the first `bytes` of `parts`; shortens the first that is left where it must.
std::span<iovec> without(std::span<iovec> parts, size_t bytes);
// Sends as much of `parts` as the socket takes at once; how much that was. `flags`: MSG_MORE or 0.
Result<size_t> send_at_once(int fd, std::span<iovec> parts, int flags = 0);
// Lets go of what the socket keeps after MSG_MORE.
void push_out(int fd);
// Sends as much of `parts` as the socket takes at once, and drops that from `parts`; how much it
// was. What `pages` takes is not copied, and needs a descriptor that does not wait; nullptr: all is
// copied.
Result<size_t> send_some(int fd, std::span<iovec>& parts, PagePipe* pages);
// Whether the next of `parts` is such a run.
bool begins_with_pages(const PagePipe* pages, std::span<const iovec> parts);
// The close sends a RST.
void reset_on_close(int fd);
// Whether a receive would have to wait: there are no bytes, no end and no error.
bool nothing_to_read(int fd);
// Whether a RST has come, or the connection has failed otherwise.
bool is_broken(int fd);
// On which core its last packet was received; -1 where the kernel does not say.
int core_of_packets(int fd);
Address peer_of(int fd);
Address local_of(int fd);

}  // namespace weir::runtime

#include "ring/ring.h"

#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>

namespace weir::bench {

namespace {

constexpr unsigned short buffer_group = 1;
constexpr size_t page = 4096;

constexpr uint64_t tag(Operation operation, uint32_t slot) {
  return uint64_t{slot} << 2 | static_cast<uint64_t>(operation);
}

}  // namespace

Ring::~Ring() {
  if (opened_) io_uring_queue_exit(&ring_);
}

Result<> Ring::open(const RingSize& size) {
  size_ = size;
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  params.cq_entries = size.entries * 8;
  if (int r = io_uring_queue_init_params(size.entries, &ring_, &params); r < 0)
    return fail(ErrorCode::io, "cannot open an io_uring", -r);
  opened_ = true;
  if (int r = io_uring_register_ring_fd(&ring_); r < 0)
    return fail(ErrorCode::io, "cannot register the ring's descriptor", -r);
  return open_buffers();
}

Result<> Ring::open_buffers() {
  buffer_ring_.reset(static_cast<io_uring_buf_ring*>(
      std::aligned_alloc(page, (size_.buffers * sizeof(io_uring_buf) + page - 1) & ~(page - 1))));
  buffers_.reset(
      static_cast<char*>(std::aligned_alloc(page, size_t{size_.buffers} * size_.buffer_bytes)));
  if (!buffer_ring_ || !buffers_) return fail(ErrorCode::io, "no memory for receive buffers");
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(buffer_ring_.get());
  registration.ring_entries = size_.buffers;
  registration.bgid = buffer_group;
  if (int r = io_uring_register_buf_ring(&ring_, &registration, 0); r < 0)
    return fail(ErrorCode::io, "cannot register receive buffers", -r);
  io_uring_buf_ring_init(buffer_ring_.get());
  for (unsigned id = 0; id < size_.buffers; ++id)
    offer(id, static_cast<int>(id));
  io_uring_buf_ring_advance(buffer_ring_.get(), static_cast<int>(size_.buffers));
  return {};
}

void Ring::accept(int listener) {
  io_uring_sqe* sqe = entry();
  io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
  sqe->user_data = tag(Operation::accept, 0);
}

void Ring::receive(int fd, uint32_t slot) {
  io_uring_sqe* sqe = entry();
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags = static_cast<uint8_t>(sqe->flags | IOSQE_BUFFER_SELECT);
  sqe->buf_group = buffer_group;
  sqe->ioprio = static_cast<uint16_t>(sqe->ioprio | IORING_RECVSEND_POLL_FIRST);
  sqe->user_data = tag(Operation::receive, slot);
}

void Ring::send(int fd, uint32_t slot, std::string_view bytes, bool quiet) {
  io_uring_sqe* sqe = entry();
  io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  if (quiet) sqe->flags = static_cast<uint8_t>(sqe->flags | IOSQE_CQE_SKIP_SUCCESS);
  sqe->user_data = tag(Operation::send, slot);
}

void Ring::watch(int fd) {
  io_uring_sqe* sqe = entry();
  io_uring_prep_poll_add(sqe, fd, POLLIN);
  sqe->user_data = tag(Operation::stop, 0);
}

std::string_view Ring::received(const io_uring_cqe& cqe) const {
  return {buffer(cqe.flags >> IORING_CQE_BUFFER_SHIFT), static_cast<size_t>(cqe.res)};
}

void Ring::give_back(const io_uring_cqe& cqe) {
  if (!(cqe.flags & IORING_CQE_F_BUFFER)) return;
  offer(cqe.flags >> IORING_CQE_BUFFER_SHIFT, 0);
  io_uring_buf_ring_advance(buffer_ring_.get(), 1);
}

void Ring::wait(Duration timeout) {
  if (timeout == Duration(0)) {
    io_uring_submit_and_get_events(&ring_);
    return;
  }
  const auto whole = std::chrono::duration_cast<seconds>(timeout);
  __kernel_timespec limit{whole.count(), (timeout - whole).count()};
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
}

// A full submission queue is handed to the kernel; it then has room again.
io_uring_sqe* Ring::entry() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (!sqe) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  return sqe;
}

char* Ring::buffer(unsigned id) const {
  return buffers_.get() + size_t{id} * size_.buffer_bytes;
}

void Ring::offer(unsigned id, int offset) {
  io_uring_buf_ring_add(buffer_ring_.get(), buffer(id), size_.buffer_bytes,
                        static_cast<unsigned short>(id), io_uring_buf_ring_mask(size_.buffers),
                        offset);
}

}  // namespace weir::bench

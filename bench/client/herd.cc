#include "client/herd.h"

#include <unistd.h>

#include "ring/program.h"

namespace weir::bench {
namespace {

// Requests that are sent before others on this core, such as the origin, have their turn.
constexpr uint32_t at_a_time = 16;
// Connections are open to us before the server has accepted them; accepting so many takes it some
// 20 ms, which are no part of the question.
constexpr Duration time_to_accept = milliseconds(300);

}  // namespace

Herd::Herd(Ring& ring, const HerdPlan& plan)
    : ring_(ring),
      plan_(plan),
      request_("GET " + plan.path + " HTTP/1.1\r\nHost: " + plan.host + "\r\n\r\n"),
      left_(plan.connections),
      waiting_(plan.connections),
      members_(plan.connections) {}

Herd::~Herd() {
  for (const Member& member : members_)
    if (member.fd >= 0) close(member.fd);
}

const HerdOutcome& Herd::run() {
  for (uint32_t slot = 0; slot < members_.size(); ++slot) {
    members_[slot].fd = connect_to(plan_.target);
    if (members_[slot].fd < 0)
      end(members_[slot], false);
    else
      ring_.receive(members_[slot].fd, slot);
  }
  wait_until_accepted();
  ask();
  const MonoTime give_up = after(start_, plan_.patience);
  while (left_ > 0 && mono_now() < give_up)
    turn(some_have_begun() ? milliseconds(0) : milliseconds(20));
  return outcome_;
}

void Herd::wait_until_accepted() {
  const MonoTime ready = after(mono_now(), time_to_accept);
  turn(milliseconds(0));
  for (MonoTime now = mono_now(); now < ready; now = mono_now())
    turn(ready - now);
}

void Herd::ask() {
  start_ = mono_now();
  for (uint32_t slot = 0; slot < members_.size(); ++slot) {
    if (members_[slot].fd >= 0) ring_.send(members_[slot].fd, slot, request_, true);
    if (slot % at_a_time != at_a_time - 1) continue;
    turn(milliseconds(0));
  }
}

void Herd::turn(Duration wait) {
  ring_.turn(wait, [this](Operation operation, uint32_t slot, const io_uring_cqe& cqe) {
    if (operation == Operation::receive) handle(slot, cqe);
  });
}

void Herd::handle(uint32_t slot, const io_uring_cqe& cqe) {
  Member& member = members_[slot];
  if (cqe.res > 0) read(member, ring_.received(cqe));
  ring_.give_back(cqe);
  if (cqe.flags & IORING_CQE_F_MORE) return;
  if (cqe.res > 0 || cqe.res == -ENOBUFS) return ring_.receive(member.fd, slot);
  end(member, false);
}

void Herd::read(Member& member, std::string_view bytes) {
  if (member.ended) return;
  const MonoTime now = mono_now();
  if (!member.began) outcome_.first_byte.record(static_cast<uint64_t>((now - start_).count()));
  begin(member);
  const auto step = member.reader.read(bytes);
  if (step == ResponseReader::Step::need_more) return;
  outcome_.whole.record(static_cast<uint64_t>((now - start_).count()));
  end(member, step == ResponseReader::Step::complete && member.reader.status() == 200 &&
                  member.reader.body_bytes() == plan_.body_bytes);
}

void Herd::begin(Member& member) {
  if (!member.began) --waiting_;
  member.began = true;
}

void Herd::end(Member& member, bool right) {
  if (member.ended) return;
  begin(member);
  member.ended = true;
  --left_;
  ++(right ? outcome_.answered : outcome_.wrong);
}

}  // namespace weir::bench

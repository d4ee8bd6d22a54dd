#include "edge/cache/inquiry.h"

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {

void Inquiry::send(size_t to) {
  if (to == home_.index())
    arrive(home_);
  else
    home_.mail(to, *this);
}

void Inquiry::answer(ShardStore& at) {
  answered_ = true;
  if (&at == &home_)
    arrive_home();
  else
    at.mail(home_.index(), *this);
}

void Inquiry::deliver(Letter& letter, ShardStore& at) {
  auto& inquiry = static_cast<Inquiry&>(letter);
  if (inquiry.answered_)
    inquiry.arrive_home();
  else
    inquiry.arrive(at);
}

void Inquiry::drop(Letter& letter) {
  static_cast<Inquiry&>(letter).lose();
}

void Inquiry::let_go() {
  if (held_.exchange(Held::by_one, std::memory_order_acq_rel) == Held::by_one) delete this;
}

void Inquiry::arrive_home() {
  is_home_ = true;
  if (waiter_) waiter_->wake();
  if (!abandoned_) return;
  come_late();
  delete this;
}

void Inquiry::abandon() {
  if (is_home_) {
    come_late();
    delete this;
    return;
  }
  abandoned_ = true;
  let_go();
}

runtime::Task<Result<>> Inquiry::come_home(runtime::Wait wait) {
  if (is_home_) co_return Result<>{};
  runtime::Waiter waiter(home_.shard().reactor(), wait);
  waiter_ = &waiter;
  const Result<> result = co_await waiter;
  waiter_ = nullptr;
  if (is_home_) co_return Result<>{};
  abandon();
  co_return result;
}

}  // namespace weir::edge::cache

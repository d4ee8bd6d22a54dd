#include "edge/cache/errand.h"

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {

void Errand::send(size_t to) {
  if (to == home_.index())
    arrive(home_);
  else
    home_.mail(to, *this);
}

void Errand::answer(ShardStore& at) {
  answered_ = true;
  if (&at == &home_)
    arrive_home();
  else
    at.mail(home_.index(), *this);
}

void Errand::deliver(Letter& letter, ShardStore& at) {
  auto& errand = static_cast<Errand&>(letter);
  if (errand.answered_)
    errand.arrive_home();
  else
    errand.arrive(at);
}

void Errand::drop(Letter& letter) {
  static_cast<Errand&>(letter).lose();
}

void Errand::let_go() {
  if (held_.exchange(Held::by_one, std::memory_order_acq_rel) == Held::by_one) delete this;
}

void Errand::arrive_home() {
  is_home_ = true;
  if (waiter_) waiter_->wake();
  if (!abandoned_) return;
  come_late();
  delete this;
}

void Errand::abandon() {
  if (is_home_) {
    come_late();
    delete this;
    return;
  }
  abandoned_ = true;
  let_go();
}

runtime::Task<Result<>> Errand::come_home(runtime::Wait wait) {
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

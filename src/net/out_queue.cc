#include "net/out_queue.h"

#include "runtime/stream.h"

namespace weir::net {

void OutQueue::append_pinned(std::string_view bytes, Pin pin) {
  if (pinned_count_ == pinned_max) return own_.append(bytes);
  pinned_[pinned_count_++] = {own_.size(), bytes, std::move(pin)};
  pinned_bytes_ += bytes.size();
}

void OutQueue::rewind(const Mark& mark) {
  own_.truncate(mark.own_bytes);
  pinned_bytes_ = mark.pinned_bytes;
  while (pinned_count_ > mark.pinned_count)
    pinned_[--pinned_count_].pin.let_go();
}

void OutQueue::clear(size_t kept_bytes_max) {
  rewind({});
  own_.clear();
  if (own_.capacity() > kept_bytes_max) own_.release();
}

size_t OutQueue::pieces(std::span<iovec, pieces_max> out) const {
  size_t count = 0, done = 0;
  const std::string_view own = own_.view();
  const auto add_own = [&](size_t end) {
    if (end > done) out[count++] = runtime::part(own.substr(done, end - done));
    done = end;
  };
  for (size_t i = 0; i < pinned_count_; ++i) {
    add_own(pinned_[i].at);
    out[count++] = runtime::part(pinned_[i].bytes);
  }
  add_own(own.size());
  return count;
}

}  // namespace weir::net

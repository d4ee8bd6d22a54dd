#pragma once
// Http2StreamIndex: the open streams of one connection by number. Clients open them in rising
// order, so the index is a sorted run: to add is to append, what was removed leaves a hole until
// holes outnumber the rest, and streams that end in the order in which they began leave none.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace weir::wire {

struct Http2StreamState;

class Http2StreamIndex {
 public:
  // Higher than all before.
  void add(uint32_t id, Http2StreamState& stream) {
    entries_.push_back({id, &stream});
    ++count_;
  }
  Http2StreamState* find(uint32_t id) const {
    const auto at = place_of(id);
    return at != entries_.end() && at->id == id ? at->stream : nullptr;
  }
  void remove(uint32_t id) {
    const auto at = place_of(id);
    entries_[static_cast<size_t>(at - entries_.begin())].stream = nullptr;
    --count_;
    while (first_ < entries_.size() && !entries_[first_].stream)
      ++first_;
    if (first_ == entries_.size() || entries_.size() > 2 * count_ + holes_kept) compact();
  }
  size_t count() const { return count_; }
  // In rising order; `function` must not change the index.
  template <class F>
  void for_each(F function) const {
    for (const Entry& entry : entries_)
      if (entry.stream) function(*entry.stream);
  }

 private:
  struct Entry {
    uint32_t id;
    Http2StreamState* stream;
  };
  static constexpr size_t holes_kept = 64;

  std::vector<Entry>::const_iterator place_of(uint32_t id) const {
    return std::lower_bound(entries_.begin() + static_cast<ptrdiff_t>(first_), entries_.end(), id,
                            [](const Entry& entry, uint32_t wanted) { return entry.id < wanted; });
  }
  void compact() {
    std::erase_if(entries_, [](const Entry& entry) { return !entry.stream; });
    first_ = 0;
  }

  std::vector<Entry> entries_;
  size_t first_ = 0;  // that is no hole
  size_t count_ = 0;
};

}  // namespace weir::wire

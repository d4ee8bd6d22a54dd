#include "base/buffer.h"

#include <algorithm>
#include <bit>

namespace weir {

void Buffer::grow(size_t n) {
  if (begin_ > 0 && capacity_ - size() >= n) {
    std::memmove(data_, data_ + begin_, size());
  } else {
    const size_t wanted = std::bit_ceil(std::max<size_t>(size() + n, 256));
    auto* bytes = static_cast<char*>(std::malloc(wanted));
    WEIR_ASSERT(bytes);
    if (size()) std::memcpy(bytes, data_ + begin_, size());
    std::free(data_);
    data_ = bytes;
    capacity_ = wanted;
  }
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace weir

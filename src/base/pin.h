#pragma once
// Pin: keeps memory that somebody else owns in place until it dies; then it tells the owner. A
// value that moves and is not copied; on one shard.

#include <utility>

namespace weir {

class Pin {
 public:
  using Release = void (*)(void* owner);

  Pin() = default;
  Pin(Release release, void* owner) : release_(release), owner_(owner) {}
  Pin(Pin&& other) noexcept
      : release_(std::exchange(other.release_, nullptr)), owner_(other.owner_) {}
  Pin& operator=(Pin&& other) noexcept {
    std::swap(release_, other.release_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~Pin() { let_go(); }

  void let_go() {
    if (Release release = std::exchange(release_, nullptr)) release(owner_);
  }

 private:
  Release release_ = nullptr;
  void* owner_ = nullptr;
};

}  // namespace weir

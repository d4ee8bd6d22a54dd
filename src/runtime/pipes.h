#pragma once
// Pipes: the pipes that relays move bytes through. One set a shard; what is given back is used
// again. Bounded by how many may be out.

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::runtime {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

class Pipes {
 public:
  explicit Pipes(uint32_t out_max) : out_max_(out_max) {}
  Pipes(const Pipes&) = delete;
  Pipes& operator=(const Pipes&) = delete;
  ~Pipes();

  // nullopt: too many are out, or the system has none left; counted.
  std::optional<Pipe> take();
  // `empty`: nothing is left in it, so that it may serve again.
  void give_back(Pipe pipe, bool empty);
  uint64_t refused() const { return refused_; }

 private:
  uint32_t out_max_;
  uint32_t out_ = 0;
  uint64_t refused_ = 0;
  std::vector<Pipe> spare_;
};

}  // namespace weir::runtime

#pragma once
// Xoshiro256pp: a fast generator of 64-bit numbers (Blackman and Vigna, 2018). Not for secrets. One
// a shard; the simulator seeds them all from one number. Satisfies
// std::uniform_random_bit_generator.

#include <array>
#include <bit>
#include <cstdint>

namespace weir {

class Random {
 public:
  using result_type = uint64_t;

  explicit Random(uint64_t seed) {
    for (auto& word : state_)
      word = split_mix(seed);
  }

  uint64_t operator()() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound), without the bias of a modulo (Lemire 2019). bound > 0.
  uint64_t below(uint64_t bound) {
    auto product = static_cast<unsigned __int128>((*this)()) * bound;
    if (static_cast<uint64_t>(product) < bound) {
      const uint64_t threshold = -bound % bound;
      while (static_cast<uint64_t>(product) < threshold)
        product = static_cast<unsigned __int128>((*this)()) * bound;
    }
    return static_cast<uint64_t>(product >> 64);
  }

  // Uniform in [0, 1).
  double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return UINT64_MAX; }

 private:
  static uint64_t split_mix(uint64_t& seed) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace weir

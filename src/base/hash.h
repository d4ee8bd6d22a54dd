#pragma once
// hash(bytes, seed): 64 bits for tables inside a process, in the manner of wyhash (multiply and
// fold 16 bytes a step). Seed it from randomness where keys come from outside, so that nobody can
// aim at one bucket. Not for disk, not for the wire, not for secrets.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir {

namespace hash_detail {

inline uint64_t load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t load32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// A factor of 0 would lose the seed, and the bytes may be chosen for that.
inline uint64_t factor(uint64_t bytes, uint64_t seed) {
  return bytes != 0 ? bytes : seed | 1;
}

}  // namespace hash_detail

inline uint64_t hash(std::string_view bytes, uint64_t seed) {
  using namespace hash_detail;
  constexpr uint64_t k0 = 0xa0761d6478bd642fu, k1 = 0xe7037ed1a0b428dbu, k2 = 0x8ebc6af09c88c6e3u;
  const char* p = bytes.data();
  size_t left = bytes.size();
  uint64_t h = seed ^ fold(seed ^ k0, bytes.size() ^ k1);
  for (; left > 16; p += 16, left -= 16)
    h = fold(factor(load64(p) ^ k1, seed), load64(p + 8) ^ h);
  uint64_t a = 0, b = 0;
  if (left >= 8) {
    a = load64(p);
    b = load64(p + left - 8);
  } else if (left >= 4) {
    a = load32(p);
    b = load32(p + left - 4);
  } else if (left > 0) {
    a = static_cast<uint64_t>(static_cast<unsigned char>(p[0])) << 16 |
        static_cast<uint64_t>(static_cast<unsigned char>(p[left >> 1])) << 8 |
        static_cast<unsigned char>(p[left - 1]);
  }
  return fold(factor(k2 ^ a, seed), fold(factor(k1 ^ b, seed), h));
}

}  // namespace weir

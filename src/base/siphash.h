#pragma once
// siphash(): a keyed hash of 64 bits from which neither the key nor what was hashed can be found
// (SipHash-2-4: Aumasson, Bernstein, 2012). Slower than hash(), whose seed can be.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir {

struct SipKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

namespace siphash_detail {

inline void rounds(std::array<uint64_t, 4>& v, int count) {
  for (int i = 0; i < count; ++i) {
    v[0] += v[1], v[2] += v[3];
    v[1] = std::rotl(v[1], 13) ^ v[0], v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = std::rotl(v[1], 17) ^ v[2], v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] = std::rotl(v[2], 32);
  }
}

}  // namespace siphash_detail

inline uint64_t siphash(std::string_view bytes, SipKey key) {
  std::array<uint64_t, 4> v{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d,
                            key.low ^ 0x6c7967656e657261, key.high ^ 0x7465646279746573};
  const auto take = [&v](uint64_t word) {
    v[3] ^= word;
    siphash_detail::rounds(v, 2);
    v[0] ^= word;
  };
  uint64_t last = uint64_t{bytes.size()} << 56;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    take(word);
  }
  for (size_t i = 0; i < bytes.size(); ++i)
    last |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  take(last);
  v[2] ^= 0xff;
  siphash_detail::rounds(v, 4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace weir

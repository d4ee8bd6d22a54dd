#include "edge/disk/crc32c.h"

#include <array>
#include <cstring>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace weir::edge::disk {
namespace {

#ifdef __SSE4_2__
uint32_t step(uint32_t crc, char c) {
  return _mm_crc32_u8(crc, static_cast<unsigned char>(c));
}
uint32_t step8(uint32_t crc, uint64_t word) {
  return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
}
#else
constexpr std::array<uint32_t, 256> table = [] {
  std::array<uint32_t, 256> made{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    made[i] = crc;
  }
  return made;
}();
uint32_t step(uint32_t crc, char c) {
  return table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
}
uint32_t step8(uint32_t crc, uint64_t word) {
  for (int i = 0; i < 8; ++i)
    crc = step(crc, static_cast<char>(word >> 8 * i));
  return crc;
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t before) {
  uint32_t crc = ~before;
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; p += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, p, sizeof word);
    crc = step8(crc, word);
  }
  for (; left > 0; ++p, --left)
    crc = step(crc, *p);
  return ~crc;
}

}  // namespace weir::edge::disk

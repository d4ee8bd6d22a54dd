#pragma once
// Numbers as lower-case hexadecimal digits, many at a time.

#include <bit>
#include <cstdint>
#include <cstring>

namespace weir {

// The 2 digits of `value`, at `out`; what is behind them.
inline char* write_hex(uint8_t value, char* out) {
  constexpr char digits[] = "0123456789abcdef";
  out[0] = digits[value >> 4];
  out[1] = digits[value & 15];
  return out + 2;
}

// Its 8 digits.
inline char* write_hex(uint32_t value, char* out) {
  // One nibble a byte, the first digit in the highest.
  uint64_t nibbles = value;
  nibbles = (nibbles << 16 | nibbles) & 0x0000'ffff'0000'ffff;
  nibbles = (nibbles << 8 | nibbles) & 0x00ff'00ff'00ff'00ff;
  nibbles = (nibbles << 4 | nibbles) & 0x0f0f'0f0f'0f0f'0f0f;
  // Bytes of 10 and above carry into the bit that chooses 'a' over '0'.
  const uint64_t letters = (nibbles + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  uint64_t digits = nibbles + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
  if constexpr (std::endian::native == std::endian::little) digits = std::byteswap(digits);
  std::memcpy(out, &digits, sizeof digits);
  return out + sizeof digits;
}

// Its 16 digits.
inline char* write_hex(uint64_t value, char* out) {
  out = write_hex(static_cast<uint32_t>(value >> 32), out);
  return write_hex(static_cast<uint32_t>(value), out);
}

}  // namespace weir

#pragma once
// span_of(set, p, n): how many bytes at `p` belong to a set before the first that does not. The one
// loop under every parser here. A ByteSet is two tables of 16 bytes, one for each half of a byte,
// so that one shuffle instruction each classifies 16 to 64 bytes at a time, whatever the set. The
// first 16 bytes are done in place with the baseline's vectors (most names and values end there);
// what is longer goes to the widest implementation that the CPU has, chosen at the first call.
// Never reads outside [p, p + n).

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace weir::wire {

// byte is in the set <=> low[byte & 15] & high[byte >> 4]. Bytes with equal upper halves are a row;
// equal rows share one of eight bits.
struct ByteSet {
  alignas(16) std::array<uint8_t, 16> low{};
  alignas(16) std::array<uint8_t, 16> high{};

  constexpr bool contains(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return (low[byte & 15] & high[byte >> 4]) != 0;
  }
};

// The set of the bytes for which `member` holds; does not compile when it has over eight different
// rows.
consteval ByteSet make_byte_set(bool (*member)(unsigned char)) {
  ByteSet set;
  std::array<unsigned, 8> rows{};
  for (unsigned upper = 0; upper < 16; ++upper) {
    unsigned row = 0;
    for (unsigned lower = 0; lower < 16; ++lower)
      row |= member(static_cast<unsigned char>(upper << 4 | lower)) ? 1u << lower : 0u;
    if (row == 0) continue;
    size_t bit = 0;
    while (rows[bit] != 0 && rows[bit] != row)
      ++bit;  // a ninth row reads behind the array, which no constant expression may
    rows[bit] = row;
    set.high[upper] = static_cast<uint8_t>(1u << bit);
    for (unsigned lower = 0; lower < 16; ++lower)
      set.low[lower] |= (row >> lower & 1) != 0 ? set.high[upper] : uint8_t{0};
  }
  return set;
}

constexpr bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alphanumeric(unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// Optional whitespace (RFC 9110 5.6.3).
constexpr bool is_ows(char c) {
  return c == ' ' || c == '\t';
}

// RFC 9110 5.6.2: tchar.
inline constexpr ByteSet token_bytes = make_byte_set([](unsigned char c) {
  return is_alphanumeric(c) ||
         (c != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c)));
});
// RFC 9110 5.5: what a field value may hold: HTAB, SP, VCHAR, obs-text.
inline constexpr ByteSet value_bytes =
    make_byte_set([](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
// A request target as we take it: visible ASCII without the fragment's '#' (RFC 9112 3.2).
inline constexpr ByteSet target_bytes =
    make_byte_set([](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; });
// RFC 3986 2.3: unreserved; also what we take in the name of a host.
inline constexpr ByteSet unreserved_bytes = make_byte_set([](unsigned char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
});
inline constexpr ByteSet digit_bytes = make_byte_set(is_digit);

// One way to do it; all agree with each other.
struct ScanImplementation {
  using Function = size_t (*)(const ByteSet& set, const char* p, size_t n);
  std::string_view name;
  Function span_of;
};
// Those that this CPU can run, the scalar one first, the widest last.
std::span<const ScanImplementation> scan_implementations();

namespace scan_detail {

// The widest implementation; finds it at the first call.
extern std::atomic<ScanImplementation::Function> wide;
// For n < 16.
size_t span_short(const ByteSet& set, const char* p, size_t n);

#if defined(__SSSE3__)
using Vector16 = __m128i;
inline Vector16 load16(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Vector16 from_halves(uint64_t first, uint64_t second) {
  return _mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(first));
}
// Index of the first byte outside `set`, 16 when there is none.
inline size_t span16(const ByteSet& set, Vector16 bytes) {
  const __m128i nibble = _mm_set1_epi8(0x0f);
  const __m128i low = _mm_shuffle_epi8(load16(reinterpret_cast<const char*>(set.low.data())),
                                       _mm_and_si128(bytes, nibble));
  const __m128i high = _mm_shuffle_epi8(load16(reinterpret_cast<const char*>(set.high.data())),
                                        _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const __m128i outside = _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
  return static_cast<size_t>(
      std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(outside)) | 0x10000u));
}
#elif defined(__aarch64__)
using Vector16 = uint8x16_t;
inline Vector16 load16(const char* p) {
  return vld1q_u8(reinterpret_cast<const uint8_t*>(p));
}
inline Vector16 from_halves(uint64_t first, uint64_t second) {
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(first), vcreate_u64(second)));
}
inline size_t span16(const ByteSet& set, Vector16 bytes) {
  const uint8x16_t low = vqtbl1q_u8(vld1q_u8(set.low.data()), vandq_u8(bytes, vdupq_n_u8(0x0f)));
  const uint8x16_t high = vqtbl1q_u8(vld1q_u8(set.high.data()), vshrq_n_u8(bytes, 4));
  const uint8x16_t outside = vceqzq_u8(vandq_u8(low, high));
  // NEON has no movemask; narrowing by four bits leaves one nibble a byte.
  const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(outside), 4);
  const uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);
  return static_cast<size_t>(std::countr_zero(mask)) / 4;
}
#endif

}  // namespace scan_detail

inline size_t span_of(const ByteSet& set, const char* p, size_t n) {
  if (n < 16) return scan_detail::span_short(set, p, n);
#if defined(__SSSE3__) || defined(__aarch64__)
  const size_t first = scan_detail::span16(set, scan_detail::load16(p));
  if (first < 16) return first;
  p += 16;
  n -= 16;
  return 16 + scan_detail::wide.load(std::memory_order_relaxed)(set, p, n);
#else
  return scan_detail::wide.load(std::memory_order_relaxed)(set, p, n);
#endif
}
// Copies `bytes` to `to` if all of them are in the set; otherwise only some may have been copied.
bool copy_if_all_of(const ByteSet& set, char* to, std::string_view bytes);

inline size_t span_of(const ByteSet& set, std::string_view bytes) {
  return span_of(set, bytes.data(), bytes.size());
}
inline bool all_of(const ByteSet& set, std::string_view bytes) {
  return span_of(set, bytes) == bytes.size();
}
inline bool is_token(std::string_view text) {
  return !text.empty() && all_of(token_bytes, text);
}

}  // namespace weir::wire

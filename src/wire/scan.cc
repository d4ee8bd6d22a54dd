#include "wire/scan.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::wire {
namespace {

size_t span_scalar(const ByteSet& set, const char* p, size_t n) {
  size_t i = 0;
  while (i < n && set.contains(p[i]))
    ++i;
  return i;
}

#if defined(__SSSE3__) || defined(__aarch64__)

// SSE (part of the baseline) and NEON.
size_t span_by_16(const ByteSet& set, const char* p, size_t n) {
  size_t done = 0;
  for (; n - done >= 16; done += 16) {
    const size_t found = scan_detail::span16(set, scan_detail::load16(p + done));
    if (found < 16) return done + found;
  }
  return done + scan_detail::span_short(set, p + done, n - done);
}

#endif
#if defined(__x86_64__)

__attribute__((target("avx2"))) size_t span_avx2(const ByteSet& set, const char* p, size_t n) {
  const __m256i low =
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(set.low.data())));
  const __m256i high = _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(set.high.data())));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  size_t done = 0;
  for (; n - done >= 32; done += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + done));
    const __m256i inside = _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)));
    const auto outside = static_cast<unsigned>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(inside, _mm256_setzero_si256())));
    if (outside != 0) return done + static_cast<size_t>(std::countr_zero(outside));
  }
  return done + span_by_16(set, p + done, n - done);
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) size_t span_avx512(const ByteSet& set,
                                                                        const char* p, size_t n) {
  const __m512i low =
      _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(set.low.data())));
  const __m512i high =
      _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(set.high.data())));
  const __m512i nibble = _mm512_set1_epi8(0x0f);
  for (size_t done = 0; done < n; done += 64) {
    const size_t left = n - done;
    const __mmask64 wanted = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(wanted, p + done);
    const __mmask64 inside = _mm512_test_epi8_mask(
        _mm512_shuffle_epi8(low, _mm512_and_si512(bytes, nibble)),
        _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble)));
    const uint64_t outside = ~inside & wanted;
    if (outside != 0) return done + static_cast<size_t>(std::countr_zero(outside));
  }
  return n;
}

#endif

struct Implementations {
  std::array<ScanImplementation, 4> list{};
  size_t count = 0;

  void add(std::string_view name, ScanImplementation::Function function) {
    list[count++] = {name, function};
  }
  Implementations() {
    add("scalar", span_scalar);
#if defined(__SSSE3__) || defined(__aarch64__)
    add("by 16", span_by_16);
#endif
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) add("avx2", span_avx2);
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
      add("avx512", span_avx512);
#endif
  }
};

// Stands in `wide` until the first call. Two threads may both come here: they store the same.
size_t span_first_call(const ByteSet& set, const char* p, size_t n) {
  const auto widest = scan_implementations().back().span_of;
  scan_detail::wide.store(widest, std::memory_order_relaxed);
  return widest(set, p, n);
}

}  // namespace

std::span<const ScanImplementation> scan_implementations() {
  static const Implementations implementations;
  return {implementations.list.data(), implementations.count};
}

namespace scan_detail {

constinit std::atomic<ScanImplementation::Function> wide = span_first_call;

size_t span_short(const ByteSet& set, const char* p, size_t n) {
#if defined(__SSSE3__) || defined(__aarch64__)
  // Two loads that overlap stand for one that would read behind the end; the second is shifted so
  // that the bytes come in order, with zeros behind them.
  if (n >= 8) {
    uint64_t first = 0, last = 0;
    std::memcpy(&first, p, 8);
    std::memcpy(&last, p + n - 8, 8);
    const uint64_t second = n == 8 ? 0 : last >> 8 * (16 - n);
    return std::min(n, span16(set, from_halves(first, second)));
  }
  if (n >= 4) {
    uint32_t first = 0, last = 0;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + n - 4, 4);
    const uint64_t second = n == 4 ? 0 : last >> 8 * (8 - n);
    return std::min(n, span16(set, from_halves(first | second << 32, 0)));
  }
#endif
  return span_scalar(set, p, n);
}

}  // namespace scan_detail

#if defined(__SSSE3__) || defined(__aarch64__)

namespace {

// Two words that overlap where there are fewer bytes; `n` is at least their size.
template <class Word>
bool copy_two_words(const ByteSet& set, char* to, const char* p, size_t n) {
  Word first = 0, last = 0;
  std::memcpy(&first, p, sizeof first);
  std::memcpy(&last, p + n - sizeof last, sizeof last);
  // A half that is not filled has its word twice.
  constexpr uint64_t twice = sizeof(Word) == 8 ? 1 : uint64_t{1} << 32 | 1;
  if (scan_detail::span16(set, scan_detail::from_halves(first * twice, last * twice)) != 16)
    return false;
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + n - sizeof last, &last, sizeof last);
  return true;
}

}  // namespace

#endif

bool copy_if_all_of(const ByteSet& set, char* to, std::string_view bytes) {
  const char* const p = bytes.data();
  const size_t n = bytes.size();
#if defined(__SSSE3__) || defined(__aarch64__)
  const auto copy16 = [&](size_t at) {
    const scan_detail::Vector16 sixteen = scan_detail::load16(p + at);
    std::memcpy(to + at, &sixteen, sizeof sixteen);
    return scan_detail::span16(set, sixteen) == 16;
  };
  if (n >= 16) {
    for (size_t at = 0; at + 16 < n; at += 16)
      if (!copy16(at)) return false;
    return copy16(n - 16);
  }
  if (n >= 8) return copy_two_words<uint64_t>(set, to, p, n);
  if (n >= 4) return copy_two_words<uint32_t>(set, to, p, n);
#endif
  for (size_t i = 0; i < n; ++i) {
    if (!set.contains(p[i])) return false;
    to[i] = p[i];
  }
  return true;
}

}  // namespace weir::wire

#include "wire/known_field.h"

#include <array>

#include "base/hash.h"

namespace weir::wire {
namespace {

struct KnownName {
  std::array<char, 32> text{};
  uint8_t size = 0;
};

consteval KnownName from_enumerator(std::string_view enumerator) {
  KnownName name;
  for (const char c : enumerator)
    name.text[name.size++] = c == '_' ? '-' : c;
  return name;
}

constexpr std::array<KnownName, known_field_count> known_names = {KnownName{},
#define WEIR_NAME(name) from_enumerator(#name),
                                                                  WEIR_KNOWN_FIELDS(WEIR_NAME)
#undef WEIR_NAME
};

constexpr uint64_t lower_bits = 0x2020202020202020u;

constexpr uint32_t load_lower(const char* p) {
  uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i)
    word |= static_cast<uint32_t>(static_cast<unsigned char>(p[i])) << 8 * i;
  return word | static_cast<uint32_t>(lower_bits);
}

// What tells the known names apart: length, first four and last four bytes. Names of two and three
// bytes are read one by one.
constexpr uint64_t key_of(const char* p, size_t size) {
  if (size >= 4)
    return (uint64_t{load_lower(p)} << 32 | load_lower(p + size - 4)) + size * 0x9e3779b97f4a7c15u;
  uint64_t key = size;
  for (size_t i = 0; i < size; ++i)
    key = key << 8 | (static_cast<unsigned char>(p[i]) | 0x20u);
  return key;
}

constexpr unsigned slot_bits = 10;

struct Table {
  uint64_t multiplier = 0;
  std::array<uint8_t, size_t{1} << slot_bits> ids{};

  constexpr size_t slot(uint64_t key) const {
    return static_cast<size_t>(key * multiplier >> (64 - slot_bits));
  }
  // False at the first collision.
  constexpr bool fill() {
    ids.fill(0);
    for (size_t id = 1; id < known_names.size(); ++id) {
      uint8_t& place = ids[slot(key_of(known_names[id].text.data(), known_names[id].size))];
      if (place != 0) return false;
      place = static_cast<uint8_t>(id);
    }
    return true;
  }
};

consteval Table make_table() {
  Table table;
  for (table.multiplier = 0xd6e8feb86659fd93u; !table.fill();)
    table.multiplier = table.multiplier * 6364136223846793005u + 1442695040888963407u | 1;
  return table;
}

constexpr Table table = make_table();

// For tokens: in them `| 0x20` makes letters lower and nothing else a letter, a digit or '-'.
bool equal_lower(const char* p, const char* lower, size_t n) {
  using hash_detail::load64;
  if (n >= 8) {
    for (size_t i = 0; i + 8 < n; i += 8)
      if ((load64(p + i) | lower_bits) != load64(lower + i)) return false;
    return (load64(p + n - 8) | lower_bits) == load64(lower + n - 8);
  }
  if (n >= 4)
    return load_lower(p) == load_lower(lower) && load_lower(p + n - 4) == load_lower(lower + n - 4);
  for (size_t i = 0; i < n; ++i)
    if ((p[i] | 0x20) != lower[i]) return false;
  return true;
}

}  // namespace

KnownField known_field(std::string_view name) {
  if (name.size() < 2 || name.size() > 32) return KnownField::unknown;
  const uint8_t id = table.ids[table.slot(key_of(name.data(), name.size()))];
  const KnownName& known = known_names[id];
  if (known.size != name.size() || !equal_lower(name.data(), known.text.data(), known.size))
    return KnownField::unknown;
  return static_cast<KnownField>(id);
}

std::string_view field_name(KnownField id) {
  const KnownName& name = known_names[static_cast<size_t>(id)];
  return {name.text.data(), name.size};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace weir::wire

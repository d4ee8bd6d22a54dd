#pragma once
// Variants: which fields of a request an answer depends on (Vary, RFC 9110 12.5.5), and the key
// that tells the variants of one URL apart (RFC 9111 4.1). Two requests have the same variant key
// exactly when the cache may give both the same answer: values are compared after normalisation, so
// that spelling alone makes no variant. Bounded in names and bytes.

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "wire/http_fields.h"

namespace weir::edge {

inline constexpr size_t vary_names_max = 16;
inline constexpr size_t vary_bytes_max = 512;  // of all names
inline constexpr size_t variant_key_bytes_max = 4096;

enum class VaryKind : uint8_t {
  none,   // the same answer for everybody
  names,  // by the fields that are named
  any,    // "*": by things that we cannot see
  limit,  // more or longer names than we follow
};

// Appends the normal form of Vary to `out`: names in lower case, sorted, each once, with commas
// between; nothing unless the kind is `names`.
VaryKind append_vary(Buffer& out, const wire::Fields& response);
// Only which kind it is.
VaryKind vary_kind(const wire::Fields& response);
// Whether the normal form names this field (in lower case).
bool vary_has(std::string_view vary, std::string_view name);

// Appends the variant key of `request` under `vary`, a normal form as above. False, and `out` as it
// was, when it would exceed variant_key_bytes_max: then no variant fits.
bool append_variant_key(Buffer& out, std::string_view vary, const wire::Fields& request);
// The key under which a variant in `language` (its Content-Language) is found by those who would
// rather have that than any other: as above, with the language in place of Accept-Language.
bool append_language_key(Buffer& out, std::string_view vary, const wire::Fields& request,
                         std::string_view language);
// The one language that Accept-Language likes best; empty when there is none or several.
std::string_view preferred_language(const wire::Fields& request);

// The codings whose variants we tell apart, as a set, and as the value of the Accept-Encoding that
// an origin should be asked with, so that its answer fits the key.
struct AcceptedCodings {
  bool br = false, gzip = false, zstd = false;

  bool operator==(const AcceptedCodings&) const = default;
};
AcceptedCodings accepted_codings(const wire::Fields& request);
void append_accept_encoding(Buffer& out, const AcceptedCodings& codings);  // the value alone
// Whether Content-Encoding names nothing else.
bool is_keyed_coding(const wire::Fields& response);

}  // namespace weir::edge

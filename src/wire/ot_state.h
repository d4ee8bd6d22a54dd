#pragma once
// OtState: OpenTelemetry's own member of tracestate, by which services agree on sampling:
//
//   ot=th:fd70a;rv:00112233445566;other:1
//
//   th   the threshold at which the trace was sampled, 1 to 14 hexadecimal digits, zeros at the end
//        left out; a service further on may only raise it
//   rv   the 56 random bits to compare it with, 14 digits, where they are not in the trace id
//
// Digits are in lower case. Other subkeys are passed on as they came, if they are well-formed:
// small letters and digits, a colon, then letters, digits, '.', '_' and '-'.

#include <optional>
#include <string_view>

#include "base/buffer.h"

namespace weir::wire {

inline constexpr std::string_view ot_key = "ot";
inline constexpr size_t ot_value_bytes_max = 256;

struct OtState {
  std::optional<uint64_t> threshold;   // below 2^56
  std::optional<uint64_t> randomness;  // below 2^56

  bool operator==(const OtState&) const = default;
};

// What the value of the member says; a subkey that is malformed counts as not there.
OtState parse_ot_state(std::string_view value);

// Appends the value: what `state` has, then the other subkeys of `before` that fit. Nothing when
// there is nothing to say.
void append_ot_state(Buffer& out, const OtState& state, std::string_view before);

}  // namespace weir::wire

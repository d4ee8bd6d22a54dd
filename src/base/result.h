#pragma once
// Result<T>: a value, or an Error that says what failed. For failures of peers, disks and input; an
// ordinary outcome (a miss, sold out) is an enum or an optional instead, and a bug is a
// WEIR_ASSERT.

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

namespace weir {

// Closed list; what a caller may want to tell apart. What an origin's failure is to clients is said
// in one place (edge/origin_choice.h).
enum class ErrorCode : uint8_t {
  invalid,       // input breaks its format
  limit,         // a configured bound was reached
  timed_out,     // a deadline passed
  cancelled,     // somebody asked for it to stop
  closed,        // the peer ended the stream in order
  reset,         // the peer or the network broke the stream
  refused,       // nobody listens, or the peer would not look at it
  breaker_open,  // a breaker keeps requests from the peer
  unreachable,   // no route to the host
  not_found,     // no such file, name or key
  overloaded,    // a bounded queue or pool is full
  unsupported,   // well-formed, but not something we do
  tls,           // handshake or certificate
  dns,           // the name could not be resolved
  io,            // any other errno
};

// Small and copyable: a code, a static text for people, and the errno behind it (0 when there is
// none).
struct Error {
  ErrorCode code;
  const char* text;
  int sys = 0;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, const char* text, int sys = 0) {
  return std::unexpected(Error{code, text, sys});
}

// The error for an errno, with `text` saying what was being done.
Error system_error(int sys, const char* text);

std::string_view to_string(ErrorCode code);

}  // namespace weir

#define WEIR_CONCAT_(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_(a, b)

// WEIR_TRY(auto x, f()): returns f's error from this function, or declares x with its value.
#define WEIR_TRY(declaration, expression) \
  WEIR_TRY_(return, WEIR_CONCAT(weir_try_, __LINE__), declaration, expression)
// The same in a coroutine.
#define WEIR_CO_TRY(declaration, expression) \
  WEIR_TRY_(co_return, WEIR_CONCAT(weir_try_, __LINE__), declaration, expression)
#define WEIR_TRY_(leave, result, declaration, expression) \
  auto result = (expression);                             \
  if (!result) [[unlikely]]                               \
    leave std::unexpected(result.error());                \
  declaration = *std::move(result)

// For a Result<void>: WEIR_CHECK(f()); and in a coroutine WEIR_CO_CHECK(co_await f()).
#define WEIR_CHECK(expression)                                    \
  do {                                                            \
    if (auto weir_check = (expression); !weir_check) [[unlikely]] \
      return std::unexpected(weir_check.error());                 \
  } while (false)
#define WEIR_CO_CHECK(expression)                    \
  do {                                               \
    auto weir_check = (expression);                  \
    if (!weir_check) [[unlikely]]                    \
      co_return std::unexpected(weir_check.error()); \
  } while (false)

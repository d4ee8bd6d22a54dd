#pragma once
// system_call(): a system call of the hot path, again when a signal interrupts it. Without libc's
// wrapper, which in a process of several threads makes two atomic exchanges around each call in
// which a thread could be cancelled. Nobody cancels threads here.

#include <cerrno>
#include <sys/types.h>
#include <type_traits>
#include <unistd.h>

namespace weir::runtime {

// The kernel reads whole registers.
template <class Number>
  requires(std::is_integral_v<Number> || std::is_enum_v<Number>)
long register_of(Number number) {
  return static_cast<long>(number);
}
inline const void* register_of(const void* pointer) {
  return pointer;
}

// What the kernel answers: -errno for an error.
template <class... Arguments>
ssize_t system_call(long number, Arguments... arguments) {
  long result = 0;
  do
    result = ::syscall(number, register_of(arguments)...);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

}  // namespace weir::runtime

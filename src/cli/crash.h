#pragma once
// Crash reports: on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT the process says on stderr, and in
// a file if it has a directory, what happened, where, in which thread and version, with a raw
// backtrace; then it dies of the same signal, so that a core dump shows the state at the fault.
// Everything in the handlers is async-signal-safe. Not in sanitizer builds, which report better.

#include <string>

namespace weir::cli {

// Once, before other threads. `directory`: where "crash-PID.txt" goes; empty: stderr only.
void install_crash_reports(const std::string& directory);

// Gives the calling thread a stack for the handlers, so that an overflow of its own is reported,
// too. For the life of the thread.
void use_crash_stack();

}  // namespace weir::cli

#pragma once
// Crash reports: on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT the process says on stderr, and in
// a file if it has a directory, what happened, where, in which thread and version, with a raw
// backtrace; then it dies of the same signal, so that a core dump shows the state at the fault.
// Everything in the handlers is async-signal-safe. Not in sanitizer builds, which report better.

#include <string>

#include "telemetry/tracing.h"

namespace weir::cli {

// Once, before other threads. `directory`: where "crash-PID.txt" goes; empty: stderr only.
void install_crash_reports(const std::string& directory);

// From now on a crash also leaves the requests of the last `length` beside its report, in
// "crash-PID.traces.jsonl": what the flight recorders of `tracing` hold (telemetry/trace_text.h).
// nullptr: no more; before `tracing` ends.
void dump_on_crash(const telemetry::Tracing* tracing, Duration length);

// Gives the calling thread a stack for the handlers, so that an overflow of its own is reported,
// too. For the life of the thread.
void use_crash_stack();

}  // namespace weir::cli

#pragma once
// HttpLoad: one whole run: a shard a core, a common start, an end that is certain. Driven by the
// thread that wants the report, which also looks for the wish to end early.

#include <expected>
#include <string>

#include "load/load_command.h"
#include "load/load_report.h"
#include "runtime/reactor.h"

namespace weir::load {

// Lasts at most warm-up, duration and twice the time-out, and some. The error says why the run
// could not be made.
std::expected<LoadReport, std::string> run_http_load(const LoadOptions& options,
                                                     const LoadTerminal& terminal,
                                                     const runtime::ReactorOptions& reactor = {});

}  // namespace weir::load

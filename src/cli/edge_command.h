#pragma once
// `weir edge`: runs the edge until it is told to stop.

#include <string_view>

#include "cli/edge_process.h"
#include "cli/program_image.h"
#include "cli/service_flags.h"
#include "settings/flags.h"

namespace weir::cli {

// Which settings the edge's flags set.
inline constexpr ServiceKeys edge_keys{.listen = "edge.listen", .origin = "edge.origin.url"};

int run_edge(const settings::Arguments& arguments, const ProgramImage& image);

// What a service does before it has a thread: signals, crash reports, limits, its data directory.
// The error says what to do.
std::expected<void, std::string> prepare_process(const Configuration& configuration);

// Serves until the end; the exit status. `announce` is called once it serves.
int serve_edge(Configuration& configuration, const ProgramImage& image,
               void (*announce)(const EdgeProcess& process));

}  // namespace weir::cli

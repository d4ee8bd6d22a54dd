#include "cli/edge_command.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/all_settings.h"
#include "cli/config_check.h"
#include "cli/crash.h"
#include "cli/supervisor.h"
#include "cli/terminal.h"

namespace weir::cli {
namespace {

// Each connection takes a descriptor, and so does each to an origin.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::expected<void, std::string> make_data_directory(const std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && access(path.c_str(), W_OK) != 0) error.assign(errno, std::generic_category());
  if (!error) return {};
  return std::unexpected("runtime.data: cannot write to " + path + ": " + error.message() +
                         " (--data)");
}

}  // namespace

std::expected<void, std::string> prepare_process(const Configuration& configuration) {
  const auto runtime = configuration.load(runtime::runtime_settings());
  if (auto made = make_data_directory(runtime.data); !made) return made;
  block_signals();
  install_crash_reports(runtime.data);
  raise_descriptor_limit();
  return {};
}

int serve_edge(Configuration& configuration, const ProgramImage& image,
               void (*announce)(const EdgeProcess& process)) {
  auto inherited = Inherited::take();
  if (!inherited) {
    complain(inherited.error());
    return exit_failed;
  }
  if (auto prepared = prepare_process(configuration); !prepared) {
    complain(configuration.with_place(prepared.error()));
    return exit_failed;
  }
  auto process = EdgeProcess::start(configuration, *inherited);
  if (!process) {
    complain(configuration.with_place(process.error()));
    return exit_failed;
  }
  if (announce) announce(**process);
  const int status = Supervisor(**process, image, (*process)->log()).run();
  // Threads that did not end still use what a destructor would take from them.
  if (status != exit_well) std::_Exit(status);
  return status;
}

int run_edge(const settings::Arguments& arguments, const ProgramImage& image) {
  auto sources = sources_of(arguments, edge_keys, image.environment);
  if (!sources) {
    complain(sources.error());
    return exit_misused;
  }
  auto configuration = Configuration::read(all_settings(), *std::move(sources));
  if (!configuration) {
    complain("the configuration is broken:\n" + configuration.error());
    return exit_misused;
  }
  if (const auto served = check_served(**configuration); !served) {
    complain(served.error());
    return exit_misused;
  }
  return serve_edge(**configuration, image, nullptr);
}

}  // namespace weir::cli

#include "load/load_command.h"

#include <array>

#include "load/http_load.h"

namespace weir::load {

std::span<const settings::Command> load_commands() {
  static const std::array<settings::Command, 1> commands{settings::Command{
      .name = "http",
      .prose = "Sends HTTP/1.1 requests by the clock (open loop), whatever the server does, and "
               "counts latency from when each was due; without --rate each connection sends its "
               "next request when the last is answered (closed loop).",
      .flags = {{"url", "URL", "What to ask for: http://HOST[:PORT]/PATH."},
                {"host", "HOST", "The Host header, where it is not that of the URL."},
                {"method", "METHOD", "GET, or POST where there is a body, unless given."},
                {"header", "NAME:VALUE", "A header of every request.", true},
                {"body", "@FILE|TEXT", "The body of every request: a text, or a file behind an @."},
                {"rate", "N", "Requests a second, in all; makes it an open loop."},
                {"ramp", "FROM..TO",
                 "The rate rises (or falls) linearly behind the warm-up, which runs "
                 "at FROM."},
                {"ramp-time", "TIME", "How long the ramp takes; the whole duration unless given."},
                {"arrival", "KIND", "poisson (the default: as independent users come) or uniform."},
                {"duration", "TIME", "How long to measure; 10s unless given."},
                {"warmup", "TIME", "Load before that, which does not count; 1s unless given."},
                {"connections", "N", "Connections in all; 64 unless given."},
                {"queue", "N",
                 "Requests that may be due and wait for a free connection; more are "
                 "counted as missed. 100000 unless given."},
                {"max-requests", "N", "Ends when that many have been made, warm-up included."},
                {"timeout", "TIME", "From when a request was due; 5s unless given."},
                {"cores", "LIST",
                 "Cores to run on, one thread each, such as 2-3; one thread that goes "
                 "where it may unless given."},
                {"json", "", "The report as JSON."},
                {"allow-remote", "",
                 "Allow a target that is not on this machine. Only load what is "
                 "yours."}}}};
  return commands;
}

int run_http(std::span<const std::string> words, const LoadTerminal& terminal) {
  const settings::Command& command = load_commands().front();
  const auto wrong = [&terminal](const std::string& text, int status) {
    terminal.write_error("weir load http: " + text + "\n");
    return status;
  };
  const auto arguments = settings::parse_flags(command, words, "weir load");
  if (!arguments) {
    terminal.write_error("weir: " + arguments.error() +
                         "\nweir load http --help lists what it takes\n");
    return 2;
  }
  if (arguments->help) {
    terminal.write(settings::command_help("weir load", command));
    return 0;
  }
  const auto options = load_options(*arguments);
  if (!options) return wrong(options.error(), 2);
  const auto report = run_http_load(*options, terminal);
  if (!report) return wrong(report.error(), 1);
  terminal.write(options->json ? json_report(*options, *report) : text_report(*options, *report));
  return 0;
}

}  // namespace weir::load

#include "cachesim/cachesim_command.h"

#include <charconv>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/units.h"
#include "cachesim/simulation.h"

namespace weir::cachesim {
namespace {

using settings::Arguments;
template <class T>
using OrText = std::expected<T, std::string>;

constexpr size_t line_bytes_max = 64 * 1024;
constexpr size_t sizes_max = 20;
constexpr size_t lines_between_looks = 1 << 20;

OrText<uint64_t> whole_flag(const Arguments& arguments, std::string_view name, uint64_t fallback,
                            uint64_t low, uint64_t high) {
  const auto text = arguments.last(name);
  if (!text) return fallback;
  const auto number = parse_u64(*text);
  if (number && *number >= low && *number <= high) return *number;
  return std::unexpected("--" + std::string(name) + ": \"" + std::string(*text) +
                         "\" is no number from " + std::to_string(low) + " to " +
                         std::to_string(high));
}

OrText<RequestTrace> zipf_trace(const Arguments& arguments) {
  constexpr uint64_t objects_max = 100'000'000;
  if (!arguments.arguments.empty())
    return std::unexpected("takes a FILE or --zipf ALPHA, not both");
  const std::string_view alpha = *arguments.last("zipf");
  ZipfTrace options;
  const auto [end, error] = std::from_chars(alpha.begin(), alpha.end(), options.alpha);
  if (error != std::errc() || end != alpha.end() || !(options.alpha >= 0 && options.alpha <= 10))
    return std::unexpected("--zipf: \"" + std::string(alpha) + "\" is no exponent from 0 to 10");
  const auto objects = whole_flag(arguments, "objects", options.objects, 1, objects_max);
  if (!objects) return std::unexpected(objects.error());
  const auto requests = whole_flag(arguments, "requests", options.requests, 1, trace_requests_max);
  if (!requests) return std::unexpected(requests.error());
  const auto seed = whole_flag(arguments, "seed", options.seed, 0, UINT64_MAX);
  if (!seed) return std::unexpected(seed.error());
  options.objects = *objects;
  options.requests = *requests;
  options.seed = *seed;
  RequestTrace trace = draw_zipf(options);
  trace.name = "zipf " + std::string(alpha);
  return trace;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

OrText<RequestTrace> file_trace(const Arguments& arguments, const SimTerminal& terminal) {
  const auto key = whole_flag(arguments, "key-column", 1, 1, 1000);
  if (!key) return std::unexpected(key.error());
  const auto size = whole_flag(arguments, "size-column", *key + 1, 0, 1000);
  if (!size) return std::unexpected(size.error());
  const std::string& path = arguments.arguments.front();
  const std::unique_ptr<std::FILE, FileCloser> file(path == "-" ? nullptr
                                                                : std::fopen(path.c_str(), "r"));
  std::FILE* const in = path == "-" ? stdin : file.get();
  if (!in) return std::unexpected(path + ": cannot be opened");
  TraceParser parser({*key, *size});
  std::vector<char> buffer(line_bytes_max);
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), in)) {
    std::string_view line(buffer.data());
    if (line.ends_with('\n'))
      line.remove_suffix(1);
    else if (line.size() + 1 == buffer.size())
      return std::unexpected(path + ": a line is longer than 64 KiB: this is no trace");
    if (const auto taken = parser.line(line); !taken)
      return std::unexpected(path + ": " + taken.error());
    if (terminal.progress && parser.requests() % lines_between_looks == 0)
      terminal.write_error("\r" + std::to_string(parser.requests()) + " requests read ");
  }
  if (std::ferror(in)) return std::unexpected(path + ": cannot be read");
  if (parser.requests() == 0) return std::unexpected(path + ": has no request");
  return parser.take(path);
}

OrText<std::vector<CacheSize>> sizes_of(const Arguments& arguments, const RequestTrace& trace) {
  std::string_view rest = arguments.last("sizes").value_or("0.1%,1%,10%");
  std::vector<CacheSize> sizes;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    auto size = parse_cache_size(rest.substr(0, comma), trace.distinct_bytes());
    if (!size) return std::unexpected("--sizes: " + size.error());
    sizes.push_back(*std::move(size));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (sizes.empty() || sizes.size() > sizes_max)
    return std::unexpected("--sizes: takes 1 to " + std::to_string(sizes_max) + " sizes");
  return sizes;
}

}  // namespace

const settings::Command& cachesim_command() {
  static const settings::Command command{
      .name = "cachesim",
      .prose =
          "Replays a trace of requests through caches of several sizes under LRU, SIEVE, "
          "S3-FIFO and the policy of our own store, and shows what part of the requests and "
          "of their bytes each would have missed. FILE has a line a request: the key and, "
          "behind a comma or a space, its size in bytes; - is standard input.",
      .flags = {{"zipf", "ALPHA", "Draws the trace instead: objects of one byte, Zipf's law."},
                {"objects", "N", "With --zipf: how many objects there are; 1000000 unless given."},
                {"requests", "N", "With --zipf: how many requests; 5000000 unless given."},
                {"seed", "N", "With --zipf: another seed is another trace of the same kind."},
                {"sizes", "LIST",
                 "Cache sizes: shares of all distinct bytes, or bytes; 0.1%,1%,10% unless given."},
                {"key-column", "N", "Which column of FILE is the key; 1 unless given."},
                {"size-column", "N",
                 "Which one is the size; the one behind the key unless given. 0: none, every "
                 "object counts as one."}},
      .placeholder = "FILE",
      .arguments_min = 0,
      .arguments_max = 1};
  return command;
}

int run_cachesim(const Arguments& arguments, const SimTerminal& terminal) {
  const auto complain = [&terminal](const std::string& text, int status) {
    terminal.write_error("weir cachesim: " + text + "\n");
    return status;
  };
  const bool drawn = arguments.has("zipf");
  if (!drawn && arguments.arguments.empty())
    return complain("needs a FILE or --zipf ALPHA; weir help cachesim says more", 2);
  const auto trace = drawn ? zipf_trace(arguments) : file_trace(arguments, terminal);
  if (!trace) return complain(trace.error(), drawn ? 2 : 1);
  const auto sizes = sizes_of(arguments, *trace);
  if (!sizes) return complain(sizes.error(), 2);
  SimulationProgress progress{.stop = terminal.stop};
  if (terminal.progress) progress.say = terminal.write_error;
  const auto results = simulate(*trace, *sizes, progress);
  if (terminal.progress) terminal.write_error("\r\033[K");
  terminal.write(miss_table(*trace, results));
  return results.size() == sizes->size() ? 0 : 1;
}

}  // namespace weir::cachesim

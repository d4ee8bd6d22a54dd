#include "cachesim/simulation.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/units.h"
#include "cachesim/policies.h"

namespace weir::cachesim {
namespace {

constexpr size_t requests_between_looks = 1 << 20;

// False: it was stopped.
bool run(const RequestTrace& trace, CachePolicy& policy, Misses& misses,
         const SimulationProgress& progress, const std::string& what) {
  size_t done = 0;
  for (const TraceRequest& request : trace.requests) {
    if (++done % requests_between_looks == 0) {
      if (progress.stop && progress.stop->load(std::memory_order_relaxed)) return false;
      if (progress.say)
        progress.say("\r\033[K" + what + ": " + std::to_string(done) + " of " +
                     std::to_string(trace.requests.size()) + " requests");
    }
    if (policy.request(request.object, request.bytes)) continue;
    ++misses.objects;
    misses.bytes += request.bytes;
  }
  return true;
}

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void append_left(std::string& text, std::string_view column, size_t width) {
  text += column;
  if (column.size() < width) text.append(width - column.size(), ' ');
}
void append_right(std::string& text, std::string_view column, size_t width) {
  if (column.size() < width) text.append(width - column.size(), ' ');
  text += column;
}

void append_table(std::string& text, std::string_view title, const std::vector<SizeResult>& results,
                  uint64_t whole, uint64_t Misses::* counted) {
  constexpr size_t first_column = 24, column = 12;
  text += '\n';
  append_left(text, title, first_column);
  for (const PolicyChoice& choice : policy_choices())
    append_right(text, choice.name, column);
  text += '\n';
  for (const SizeResult& row : results) {
    append_left(text, row.label, first_column);
    for (const Misses& misses : row.misses) {
      std::array<char, 32> number{};
      std::snprintf(number.data(), number.size(), "%.2f", percent(misses.*counted, whole));
      append_right(text, number.data(), column);
    }
    text += '\n';
  }
}

}  // namespace

std::expected<CacheSize, std::string> parse_cache_size(std::string_view text,
                                                       uint64_t distinct_bytes) {
  const auto wrong = [text](std::string_view why) {
    return std::unexpected("size \"" + std::string(text) + "\" " + std::string(why));
  };
  if (!text.ends_with('%')) {
    const auto bytes = parse_bytes(text);
    if (!bytes || *bytes == 0)
      return wrong("is neither a share such as 1% nor bytes such as 64MiB");
    return CacheSize{std::string(text), *bytes};
  }
  double share = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end() - 1, share);
  if (error != std::errc() || end != text.end() - 1 || !(share > 0 && share <= 100))
    return wrong("is no share between 0% and 100%");
  const double bytes = std::ceil(static_cast<double>(distinct_bytes) * share / 100);
  return CacheSize{std::string(text), static_cast<uint64_t>(bytes)};
}

std::vector<SizeResult> simulate(const RequestTrace& trace, const std::vector<CacheSize>& sizes,
                                 const SimulationProgress& progress) {
  std::vector<SizeResult> results;
  for (const CacheSize& size : sizes) {
    SizeResult row{.capacity = size.bytes, .label = size.label, .misses = {}};
    for (const PolicyChoice& choice : policy_choices()) {
      const std::unique_ptr<CachePolicy> policy =
          choice.make(size.bytes, trace.object_bytes.size());
      const std::string what = std::string(choice.name) + " at " + size.label;
      if (!run(trace, *policy, row.misses.emplace_back(), progress, what)) return results;
    }
    results.push_back(std::move(row));
  }
  return results;
}

std::string miss_table(const RequestTrace& trace, const std::vector<SizeResult>& results) {
  uint64_t bytes = 0;
  for (const TraceRequest& request : trace.requests)
    bytes += request.bytes;
  std::string text = trace.name + ": " + std::to_string(trace.requests.size()) + " requests for " +
                     std::to_string(trace.object_bytes.size()) + " objects of " +
                     std::to_string(trace.distinct_bytes()) + " bytes in all\n";
  append_table(text, "requests missed, %", results, trace.requests.size(), &Misses::objects);
  append_table(text, "bytes missed, %", results, bytes, &Misses::bytes);
  return text;
}

}  // namespace weir::cachesim

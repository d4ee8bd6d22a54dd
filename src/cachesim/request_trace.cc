#include "cachesim/request_trace.h"

#include <cmath>
#include <numeric>

#include "base/random.h"
#include "base/units.h"

namespace weir::cachesim {
namespace {

constexpr std::string_view separators = ", \t\r";

// The columns of a line; two separators side by side part one column from the next only where they
// are spaces.
std::string_view next_column(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
  const size_t end = std::min(rest.find_first_of(separators), rest.size());
  const std::string_view column = rest.substr(0, end);
  rest.remove_prefix(end);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
  if (rest.starts_with(',')) rest.remove_prefix(1);
  return column;
}

std::string_view column_of(std::string_view line, size_t number) {
  std::string_view column;
  for (size_t i = 0; i < number; ++i) {
    if (line.empty()) return {};
    column = next_column(line);
  }
  return column;
}

// Numbers 1 to n with P(k) in proportion to k^-alpha, by rejection from the area below a curve
// whose inverse is known (Hoermann and Derflinger 1996), in constant time whatever n.
class Zipf {
 public:
  Zipf(double alpha, uint64_t n)
      : alpha_(alpha),
        n_(n),
        low_(area(1.5) - 1.0),
        high_(area(static_cast<double>(n) + 0.5)),
        certain_(2.0 - edge(area(2.5) - height(2.0))) {}

  uint64_t operator()(Random& random) const {
    for (;;) {
      const double u = high_ + random.unit() * (low_ - high_);
      const double x = edge(u);
      const double k = std::min(std::max(std::round(x), 1.0), static_cast<double>(n_));
      if (k - x <= certain_ || u >= area(k + 0.5) - height(k)) return static_cast<uint64_t>(k);
    }
  }

 private:
  double height(double x) const { return std::exp(-alpha_ * std::log(x)); }
  // Integral of height, and its inverse; alpha 1 is the limit of the general form.
  double area(double x) const {
    const double log_x = std::log(x);
    const double t = (1.0 - alpha_) * log_x;
    return std::abs(t) > 1e-8 ? std::expm1(t) / (1.0 - alpha_) : log_x * (1.0 + t / 2.0);
  }
  double edge(double u) const {
    const double t = std::max(u * (1.0 - alpha_), -1.0);
    return std::exp(std::abs(t) > 1e-8 ? std::log1p(t) / (1.0 - alpha_) : u * (1.0 - t / 2.0));
  }

  double alpha_;
  uint64_t n_;
  double low_, high_, certain_;
};

}  // namespace

uint64_t RequestTrace::distinct_bytes() const {
  return std::accumulate(object_bytes.begin(), object_bytes.end(), uint64_t{0});
}

std::string TraceParser::place(std::string_view what) const {
  return "line " + std::to_string(line_) + ": " + std::string(what);
}

std::expected<void, std::string> TraceParser::line(std::string_view text) {
  ++line_;
  if (text.starts_with('#') || text.find_first_not_of(separators) == text.npos) return {};
  const std::string_view key = column_of(text, columns_.key);
  if (key.empty())
    return std::unexpected(place("has no column " + std::to_string(columns_.key) + " (the key)"));
  uint64_t bytes = 1;
  const std::string_view size = columns_.size == 0 ? "" : column_of(text, columns_.size);
  if (!size.empty()) {
    const auto number = parse_u64(size);
    if (!number || *number > trace_object_bytes_max)
      return std::unexpected(place("\"" + std::string(size.substr(0, 40)) +
                                   "\" is no size in bytes (column " +
                                   std::to_string(columns_.size) + ")"));
    bytes = std::max<uint64_t>(*number, 1);
  }
  if (trace_.requests.size() == trace_requests_max)
    return std::unexpected(place("more than " + std::to_string(trace_requests_max) + " requests"));
  auto found = objects_.find(key);
  if (found == objects_.end()) {
    found = objects_.emplace(key, static_cast<uint32_t>(objects_.size())).first;
    trace_.object_bytes.push_back(bytes);
  }
  trace_.requests.push_back({found->second, bytes});
  return {};
}

RequestTrace TraceParser::take(std::string name) {
  trace_.name = std::move(name);
  return std::move(trace_);
}

RequestTrace draw_zipf(const ZipfTrace& options) {
  RequestTrace trace;
  trace.name = "zipf";
  trace.requests.reserve(options.requests);
  trace.object_bytes.assign(options.objects, 1);
  Random random(options.seed);
  const Zipf zipf(options.alpha, options.objects);
  for (uint64_t i = 0; i < options.requests; ++i)
    trace.requests.push_back({static_cast<uint32_t>(zipf(random) - 1), 1});
  return trace;
}

}  // namespace weir::cachesim

#pragma once
// For tests of the rules: fields and heads out of a few lines of text, and the seconds of a clock
// that stands at one moment unless a test moves it.

#include <array>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "edge/rules/freshness.h"
#include "wire/http1_request.h"
#include "wire/http1_response.h"

namespace weir::edge {

// "Name: value" lines with '\n' between them.
class TestFields {
 public:
  TestFields(std::string_view lines) : text_(lines) {  // NOLINT(google-explicit-constructor)
    std::string_view rest = text_;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t colon = line.find(':');
      WEIR_ASSERT(colon != line.npos);
      WEIR_ASSERT(fields_.push(line.substr(0, colon), wire::trim_ows(line.substr(colon + 1))));
    }
  }
  TestFields(const char* lines)  // NOLINT(google-explicit-constructor)
      : TestFields(std::string_view(lines)) {}
  TestFields(const std::string& lines)  // NOLINT(google-explicit-constructor)
      : TestFields(std::string_view(lines)) {}
  TestFields(const TestFields&) = delete;
  TestFields& operator=(const TestFields&) = delete;

  operator const wire::Fields&() const { return fields_; }  // NOLINT(google-explicit-constructor)
  const wire::Fields& get() const { return fields_; }

 private:
  std::string text_;
  std::array<wire::Field, 160> storage_;
  wire::Fields fields_{storage_};
};

struct TestResponse {
  TestFields fields;
  std::array<wire::Field, 160> storage;
  wire::ResponseHead head{storage};

  TestResponse(uint16_t status, std::string_view lines) : fields(lines) {
    head.status = status;
    for (const wire::Field& field : fields.get())
      head.fields.push(field);
  }
};

// 2026-11-25 12:00:00 UTC, a Wednesday.
inline constexpr WallTime test_wall{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) +
                                    hours(12)};
inline constexpr std::string_view test_date = "Wed, 25 Nov 2026 12:00:00 GMT";
inline constexpr MonoTime test_now{hours(100)};

inline constexpr FetchTimes test_times{test_now, test_now, test_wall};

}  // namespace weir::edge

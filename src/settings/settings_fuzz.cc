// Feeds arbitrary text as a configuration file, or, when it begins with "KEY=", as a set, through
// everything from the YAML adapter to printing. What resolves must load, print, and resolve again
// to the same values.
#include "settings/leaf.h"
#include "settings/print.h"
#include "settings/reload.h"
#include "settings/test_tables.h"

using namespace weir::settings;

namespace {

void check_loads(const Values& values) {
  WEIR_ASSERT(load(values, test::server_settings()).has_value());
  WEIR_ASSERT(load(values, test::edge_settings()).has_value());
}

// Bytes that are no UTF-8 become replacement marks on the first reading, and a secret is lost on
// printing, so only the second and third reading can be compared.
void check_round_trip(const Schema& schema, const Values& values) {
  const std::string printed = print_config(schema, values);
  const auto again = resolve(schema, {"printed.yaml", printed, {}, {}});
  WEIR_ASSERT(again.has_value());
  const auto third = resolve(schema, {"again.yaml", print_config(schema, *again), {}, {}});
  WEIR_ASSERT(third.has_value());
  const auto changes = reload(schema, *again, *third);
  WEIR_ASSERT(changes && changes->live.empty() && changes->restart.empty());
}

Sources sources_of(std::string_view input) {
  Sources sources;
  const size_t line_end = input.find('\n');
  const auto set = parse_set(input.substr(0, line_end));
  if (set) {
    sources.sets.push_back(*set);
    sources.environment.push_back("WEIR_" + std::string(input.substr(0, line_end)));
    if (line_end == input.npos) return sources;
    input.remove_prefix(line_end + 1);
  }
  sources.file_name = "fuzz.yaml";
  sources.file_text = input;
  return sources;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Schema schema = test::test_schema();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto values = resolve(schema, sources_of(input));
  if (!values) {
    WEIR_ASSERT(!values.error().empty() && !to_string(values.error()).empty());
    return 0;
  }
  check_loads(*values);
  check_round_trip(schema, *values);
  return 0;
}

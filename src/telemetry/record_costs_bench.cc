// What recording costs, for other programs to read: a line of JSON with the figures of every
// operation, and with how often it took memory from the heap. With an operation and a count it only
// does that, for whoever counts instructions (tools/instructions.py).
#include <cstdio>
#include <cstdlib>

#include "base/counting_new.h"
#include "telemetry/record_costs.h"

namespace weir::telemetry {
namespace {

struct Lines {
  uint64_t begin = 0;  // when the operation began
  const char* before = "[";
};

void say(const RecordCost& cost, void* context) {
  Lines& lines = *static_cast<Lines*>(context);
  const auto allocations = static_cast<double>(weir::allocations - lines.begin);
  std::printf(
      "%s{\"operation\": \"%.*s\", \"ns\": %.2f, \"two_threads_ns\": %.2f, "
      "\"allocations\": %.4f}",
      lines.before, static_cast<int>(cost.operation.size()), cost.operation.data(),
      cost.one_thread_ns, cost.two_threads_ns, allocations / static_cast<double>(cost.measured));
  lines = {weir::allocations, ", "};
}

int run(int count, char** arguments) {
  if (count == 3)
    return do_record_operation(arguments[1], std::strtoull(arguments[2], nullptr, 10)) ? 0 : 2;
  Lines lines{.begin = weir::allocations};
  measure_record_costs(say, &lines);
  std::printf("]\n");
  return 0;
}

}  // namespace
}  // namespace weir::telemetry

int main(int count, char** arguments) {
  return weir::telemetry::run(count, arguments);
}

// What recording costs, for other programs to read: a line of JSON with the figures of every
// operation, and with how often it took memory from the heap. With an operation and a count it only
// does that, for whoever counts instructions (tools/instructions.py).
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "telemetry/record_costs.h"

namespace {

std::atomic<uint64_t> g_allocations{0};

void* counted(size_t bytes, size_t alignment) {
  ++g_allocations;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!memory) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace weir::telemetry {
namespace {

struct Lines {
  uint64_t allocations = 0;  // when the operation began
  const char* before = "[";
};

void say(const RecordCost& cost, void* context) {
  Lines& lines = *static_cast<Lines*>(context);
  const auto allocations = static_cast<double>(g_allocations - lines.allocations);
  std::printf(
      "%s{\"operation\": \"%.*s\", \"ns\": %.2f, \"two_threads_ns\": %.2f, "
      "\"allocations\": %.4f}",
      lines.before, static_cast<int>(cost.operation.size()), cost.operation.data(),
      cost.one_thread_ns, cost.two_threads_ns, allocations / static_cast<double>(cost.measured));
  lines = {g_allocations, ", "};
}

int run(int count, char** arguments) {
  if (count == 3)
    return do_record_operation(arguments[1], std::strtoull(arguments[2], nullptr, 10)) ? 0 : 2;
  Lines lines{.allocations = g_allocations};
  measure_record_costs(say, &lines);
  std::printf("]\n");
  return 0;
}

}  // namespace
}  // namespace weir::telemetry

int main(int count, char** arguments) {
  return weir::telemetry::run(count, arguments);
}

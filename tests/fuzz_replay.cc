// Runs a fuzz target over the files of its corpus, for builds without libFuzzer.
// Usage: TARGET DIR_OR_FILE...; fails when a path is missing or holds no file.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

size_t replay_all(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return replay(path), 1;
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    replay(entry.path());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i]))
      return std::fprintf(stderr, "no corpus at %s\n", argv[i]), 1;
    count += replay_all(argv[i]);
  }
  std::printf("%zu inputs replayed\n", count);
  return count == 0;
}

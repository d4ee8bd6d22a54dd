#include "admin/symbols.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <span>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::admin {
namespace {

// A file mapped for reading; empty when it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (fd >= 0 && fstat(fd, &status) == 0) {
      const auto size = static_cast<size_t>(status.st_size);
      void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data != MAP_FAILED) bytes_ = {static_cast<const char*>(data), size};
    }
    if (fd >= 0) close(fd);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }

  // `count` objects at an offset; empty when they are not all inside.
  template <class T>
  std::span<const T> at(uint64_t offset, uint64_t count) const {
    const uint64_t size = bytes_.size();
    if (offset > size || count > (size - offset) / sizeof(T) || offset % alignof(T) != 0) return {};
    return {reinterpret_cast<const T*>(bytes_.data() + offset), count};
  }

 private:
  std::span<const char> bytes_;
};

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

// Where the program was loaded: what to add to the addresses in its file.
uintptr_t load_base() {
  uintptr_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the first is the program
      },
      &base);
  return base;
}

}  // namespace

std::string demangle(const char* name) {
  int status = 0;
  char* plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string text = status == 0 && plain ? plain : name;
  std::free(plain);
  for (const std::string_view noise :
       {" [clone .resume]", " [clone .destroy]", " [clone .cleanup]"})
    if (text.ends_with(noise)) text.resize(text.size() - noise.size());
  if (!text.ends_with(')') && !text.ends_with("const")) return text;
  // The parenthesis that belongs to the last one begins the arguments.
  int depth = 0;
  for (size_t i = text.rfind(')') + 1; i-- > 0;) {
    if (text[i] == ')') ++depth;
    if (text[i] == '(' && --depth == 0) return text.substr(0, i);
  }
  return text;
}

Symbols::Symbols() {
  const MappedFile file("/proc/self/exe");
  const auto header = file.at<Header>(0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0) return;
  const auto sections = file.at<Section>(header[0].e_shoff, header[0].e_shnum);
  const uintptr_t base = load_base();
  for (const Section& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const Section& names = sections[section.sh_link];
    const auto text = file.at<char>(names.sh_offset, names.sh_size);
    for (const Symbol& symbol :
         file.at<Symbol>(section.sh_offset, section.sh_size / sizeof(Symbol))) {
      if ((symbol.st_info & 0xf) != STT_FUNC || symbol.st_value == 0) continue;
      if (symbol.st_name >= text.size()) continue;
      const auto rest = text.subspan(symbol.st_name);
      functions_.push_back({base + symbol.st_value, base + symbol.st_value + symbol.st_size,
                            std::string(rest.data(), strnlen(rest.data(), rest.size()))});
    }
  }
  std::ranges::sort(functions_, {}, &Function::start);
}

std::string Symbols::name_of(uintptr_t address) const {
  const auto next = std::ranges::upper_bound(functions_, address, {}, &Function::start);
  if (next != functions_.begin()) {
    const Function& last = *std::prev(next);
    if (address < last.end) return demangle(last.name.c_str());
  }
  Dl_info info{};
  if (dladdr(std::bit_cast<void*>(address), &info) == 0 || !info.dli_fname) return "[unknown]";
  if (info.dli_sname) return demangle(info.dli_sname);
  const char* slash = std::strrchr(info.dli_fname, '/');
  char offset[32] = "+0x";
  const auto distance = address - reinterpret_cast<uintptr_t>(info.dli_fbase);
  std::snprintf(offset, sizeof offset, "+0x%zx", static_cast<size_t>(distance));
  return std::string(slash ? slash + 1 : info.dli_fname) + offset;
}

}  // namespace weir::admin

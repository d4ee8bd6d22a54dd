#pragma once
// Symbols: names of code addresses of this process, for profiles: from the symbol table of the
// program's own file, and from the dynamic symbols of its libraries. Read once, when a profile is
// written; never in a signal handler.

#include <cstdint>
#include <string>
#include <vector>

namespace weir::admin {

class Symbols {
 public:
  // Reads /proc/self/exe; a program that was stripped has no names of its own.
  Symbols();

  // The function that `address` lies in, demangled and without its arguments; or the file and the
  // offset in it.
  std::string name_of(uintptr_t address) const;
  size_t count() const { return functions_.size(); }

 private:
  struct Function {
    uintptr_t start;
    uintptr_t end;
    std::string name;
  };

  std::vector<Function> functions_;  // of the program, by start
};

// "ns::f(int)" -> "ns::f"; what is no mangled name stays.
std::string demangle(const char* name);

}  // namespace weir::admin

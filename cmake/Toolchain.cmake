# Compiler, linker and flags: clang 19 with libstdc++ 12, lld, warnings as errors.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Weir is built with clang 19 (docs/decisions/0001-clang-and-libstdcxx.md). Use ./dev build.")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
if(CCACHE AND WEIR_PRECOMPILE)
  # Without these it remembers nothing that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

# Naming the fields that differ from their defaults is what designated initialisers are for.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Werror
                    -Wno-missing-designated-field-initializers -fno-omit-frame-pointer -fno-plt -pthread)
add_link_options(-fuse-ld=lld-19 -pthread)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  # The baseline of every server since 2010; wider vectors are chosen at run time.
  add_compile_options(-march=x86-64-v2)
endif()

if(WEIR_LTO)
  # Modules have objects of both kinds: bitcode for the programs that weir_optimize_whole() names, machine code for the
  # tests, whose links would otherwise take as long as all of compiling. Nothing of the tests themselves is shipped.
  set(WEIR_MODULE_OPTIONS -flto=thin -ffat-lto-objects)
  set(WEIR_TEST_OPTIONS -O1)
endif()
function(weir_optimize_whole target)
  if(WEIR_LTO)
    target_compile_options(${target} PRIVATE ${WEIR_MODULE_OPTIONS})
    target_link_options(${target} PRIVATE -flto=thin -ffat-lto-objects -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto
                        -Wl,-O2 -Wl,--gc-sections)
  endif()
endfunction()

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(WEIR_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate -fcoverage-mapping)
endif()

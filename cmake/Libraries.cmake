# Libraries from Debian packages, and which module uses which. A module that is not named here links none.
find_package(PkgConfig REQUIRED)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
find_path(DOCTEST_INCLUDE doctest/doctest.h REQUIRED)

set(WEIR_LIBRARIES_settings PkgConfig::YAML)
set(WEIR_LIBRARIES_runtime PkgConfig::URING)
set(WEIR_LIBRARIES_net PkgConfig::CARES PkgConfig::OPENSSL)
set(WEIR_LIBRARIES_otlp PkgConfig::ZLIB)

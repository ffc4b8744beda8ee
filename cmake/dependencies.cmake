# Every library comes from a Debian 12 package; tools/setup installs them all.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(RocksDB 7.8 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tomlplusplus 3 REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(GTest 1.12 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
if(REVEILLE_BENCHMARKS)
  find_package(benchmark 1.7 REQUIRED)
endif()

# moodycamel's package ships headers without a CMake configuration.
find_path(MOODYCAMEL_INCLUDE concurrentqueue/concurrentqueue.h REQUIRED)
find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)

# The one place for compiler flags: every target links reveille_flags and nothing is set globally.
add_library(reveille_flags INTERFACE)
target_include_directories(reveille_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(reveille_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fno-omit-frame-pointer)
target_compile_definitions(reveille_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(reveille_flags INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees dangling and uninitialised values, and an operator delete that does not match, in
  # inlined coroutines and variants where there are none.
  target_compile_options(reveille_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
    -Wno-mismatched-new-delete -Wno-dangling-pointer)
endif()
if(REVEILLE_SANITIZER)
  target_compile_options(reveille_flags INTERFACE -fsanitize=${REVEILLE_SANITIZER})
  target_link_options(reveille_flags INTERFACE -fsanitize=${REVEILLE_SANITIZER})
  if(REVEILLE_SANITIZER MATCHES "undefined")
    target_compile_options(reveille_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()

# reveille_library(NAME SOURCES a.cpp b.cpp LINKS x y): a static library of one folder.
function(reveille_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC reveille_flags ${ARG_LINKS})
endfunction()

# reveille_test(NAME SOURCES a_test.cpp LINKS x [LABELS concurrency]): a GoogleTest program, its tests known to ctest.
function(reveille_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE reveille_flags ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    REVEILLE_TESTDATA="${CMAKE_SOURCE_DIR}/tests/testdata"
    REVEILLE_CORPUS="${CMAKE_SOURCE_DIR}/../shared/corpus")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)  # CMake would drop an empty value, and take TIMEOUT for the label
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120)
endfunction()
include(GoogleTest)

# The definitions of Asio and Beast, compiled once.
add_library(asio_definitions STATIC ${CMAKE_SOURCE_DIR}/cmake/asio_definitions.cpp)
target_link_libraries(asio_definitions PUBLIC reveille_flags OpenSSL::SSL OpenSSL::Crypto Boost::headers)

add_library(moodycamel INTERFACE)
target_include_directories(moodycamel SYSTEM INTERFACE ${MOODYCAMEL_INCLUDE})

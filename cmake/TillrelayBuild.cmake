# Flags for every target of the project, and the two words in which its build files are written.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(TILLRELAY_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")
option(TILLRELAY_FUZZ "Build the libFuzzer targets" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(tillrelay_flags INTERFACE)
target_include_directories(tillrelay_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tillrelay_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(tillrelay_flags INTERFACE TILLRELAY_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of overlaps inside std::string that cannot happen (GCC bug 105651).
  target_compile_options(tillrelay_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tillrelay_flags INTERFACE -Wthread-safety)
endif()
# Debian's packages bring their own flags. Here line numbers are enough, and types and variables cost a
# quarter of the time to compile.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
if(TILLRELAY_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-g1")  # line numbers for the reports; a third less to write and link
  target_compile_options(tillrelay_flags INTERFACE
    -fsanitize=${TILLRELAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tillrelay_flags INTERFACE -fsanitize=${TILLRELAY_SANITIZE})
  target_compile_definitions(tillrelay_flags INTERFACE TILLRELAY_SANITIZED)
  find_program(LLD_PROGRAM ld.lld)
  if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(tillrelay_flags INTERFACE -fuse-ld=lld)  # a hundred programs at a fifth of the time
  endif()
endif()
if(TILLRELAY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tillrelay_flags INTERFACE -Wno-tsan)  # fences inside Boost
endif()

# With clang, what nearly every source reads is compiled once: a quarter less to compile (GCC gains
# nothing). A source still includes what it uses: the debug build goes without.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(precompiled <algorithm> <charconv> <chrono> <cstdint> <functional> <map> <memory> <optional>
                  <string> <string_view> <utility> <vector> <fmt/format.h>)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "int main() {}")
  add_library(tillrelay_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(tillrelay_precompiled PRIVATE tillrelay_flags)
  target_precompile_headers(tillrelay_precompiled PRIVATE ${precompiled})
endif()

include(SourcesApart)

# tillrelay_room(NAME SOURCES a.cc b.cc ROOMS base event LIBRARIES PRIVATE-THIRD-PARTY...)
# One static library per room. ROOMS are the arrows that docs/architecture.md allows.
function(tillrelay_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(tillrelay_${name} STATIC ${ROOM_SOURCES})
  tillrelay_keep_apart(${ROOM_SOURCES})
  target_link_libraries(tillrelay_${name} PUBLIC tillrelay_flags)
  foreach(room ${ROOM_ROOMS})
    target_link_libraries(tillrelay_${name} PUBLIC tillrelay_${room})
  endforeach()
  target_link_libraries(tillrelay_${name} PRIVATE ${ROOM_LIBRARIES})
  if(TARGET tillrelay_precompiled)
    target_precompile_headers(tillrelay_${name} REUSE_FROM tillrelay_precompiled)
  endif()
endfunction()

# tillrelay_small(TARGET...): what a person waits for, and no register: half the size is worth more than
# the speed. A sanitizer's build stays as it is.
function(tillrelay_small)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-Os>)
  endforeach()
endfunction()

# tillrelay_embeds(ROOM SOURCE MACRO FOLDER): SOURCE compiles files of FOLDER in (common/base/embed.h),
# which it finds under the name MACRO.
function(tillrelay_embeds room source macro folder)
  target_compile_definitions(tillrelay_${room} PRIVATE ${macro}="${folder}")
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
endfunction()

# tillrelay_test(NAME [THREADS] SOURCES ... ROOMS ... LIBRARIES ...): one GoogleTest program, one ctest
# entry, linked against nothing but the rooms it names. What starts a thread says THREADS: these are the
# programs that the thread sanitizer builds and runs (target thread_tests, label threads). The others end
# at their first thread (tests/support/one_thread.cc), so that none is forgotten.
add_custom_target(thread_tests)
function(tillrelay_test name)
  cmake_parse_arguments(TEST "THREADS" "TIMEOUT" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  tillrelay_keep_apart(${TEST_SOURCES})
  if(TEST_THREADS)
    add_dependencies(thread_tests ${name})
    list(APPEND TEST_LABELS threads)
  elseif(NOT TILLRELAY_SANITIZE)
    target_link_libraries(${name} PRIVATE tillrelay_one_thread)
  endif()
  # A failing test says where; what it tests keeps its debug information and its speed. Two fifths
  # less to compile.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-g0;-O1>)
  if(TARGET tillrelay_precompiled_test)
    target_precompile_headers(${name} REUSE_FROM tillrelay_precompiled_test)
  endif()
  target_link_libraries(${name} PRIVATE tillrelay_flags GTest::gtest GTest::gmock GTest::gtest_main
                                        ${TEST_LIBRARIES})
  foreach(room ${TEST_ROOMS})
    target_link_libraries(${name} PRIVATE tillrelay_${room})
  endforeach()
  target_compile_definitions(${name} PRIVATE
    TILLRELAY_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/golden")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 900)  # of a sanitizer on a busy machine
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "unit;${TEST_LABELS}")
endfunction()

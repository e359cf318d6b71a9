# Fuzz targets: in libFuzzer with Clang, else programs that replay inputs. See tools/ci/fuzz.

foreach(target reader spotter kernels echo)
  add_executable(${target}_fuzz tests/fuzz/${target}_fuzz.cc)
  target_link_libraries(${target}_fuzz PRIVATE pww_core)
  target_compile_definitions(${target}_fuzz
                             PRIVATE PWW_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}/tests")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target}_fuzz PRIVATE tests/fuzz/replay_main.cc)
  endif()
endforeach()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(pww_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# libpywakeword: the C API as a shared library, its installation, example and tests.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

file(STRINGS csrc/include/pywakeword.h PWW_ABI_VERSION REGEX "define PWW_ABI_VERSION ")
string(REGEX REPLACE ".* " "" PWW_ABI_VERSION "${PWW_ABI_VERSION}")

file(GLOB PWW_CAPI_SOURCES CONFIGURE_DEPENDS csrc/capi/*.cc)
add_library(pywakeword SHARED ${PWW_CAPI_SOURCES})
add_library(pywakeword::pywakeword ALIAS pywakeword)
target_link_libraries(pywakeword PRIVATE pww_core)
target_include_directories(pywakeword INTERFACE
                           $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/csrc/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_definitions(pywakeword PRIVATE PWW_VERSION="${PWW_VERSION}"
                                              PWW_BUILDING_LIBRARY)
set_target_properties(pywakeword PROPERTIES VERSION ${PWW_VERSION} SOVERSION ${PWW_ABI_VERSION})
if(WIN32)
  # One name for all compilers, see pywakeword/capi/library.py; MinGW's would begin with lib.
  set_target_properties(pywakeword PROPERTIES PREFIX "")
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  # Visibility flags do not hide templates of the C++ library.
  set(PWW_EXPORTS ${CMAKE_CURRENT_SOURCE_DIR}/csrc/capi/exports.map)
  target_link_options(pywakeword PRIVATE -Wl,--version-script=${PWW_EXPORTS})
  set_target_properties(pywakeword PROPERTIES LINK_DEPENDS ${PWW_EXPORTS})
endif()

install(TARGETS pywakeword EXPORT pywakeword
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES csrc/include/pywakeword.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(PWW_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pywakeword)
install(EXPORT pywakeword FILE pywakeword-config.cmake NAMESPACE pywakeword::
        DESTINATION ${PWW_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/pywakeword-config-version.cmake
                                 VERSION ${PWW_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pywakeword-config-version.cmake
        DESTINATION ${PWW_PACKAGE_DIR})
# Relative to the file, so that an installation can be moved.
file(RELATIVE_PATH PWW_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/pywakeword.pc.in pywakeword.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pywakeword.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(PWW_TESTS)
  enable_language(C)
  foreach(example detect_stdin cancel_stdin info)
    add_executable(${example} examples/c/${example}.c)
    target_link_libraries(${example} PRIVATE pywakeword)
    set_target_properties(${example} PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON
                                                C_EXTENSIONS OFF)
    target_compile_options(${example} PRIVATE ${PWW_WARNINGS} -Wpedantic)
    if(PWW_SANITIZE)
      # The library needs run-time support that only C++ programs link by default.
      target_link_options(${example} PRIVATE -fsanitize=${PWW_SANITIZE})
    endif()
  endforeach()

  foreach(helper tone_pcm echo_pcm)
    add_executable(${helper} tests/cpp/${helper}.cc)
    target_link_libraries(${helper} PRIVATE pww_flags)
    target_compile_definitions(${helper} PRIVATE PWW_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}/tests")
  endforeach()
  # Joined, because a list would become several arguments.
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  add_test(NAME example_c
           COMMAND ${CMAKE_COMMAND} -DEMULATOR=${emulator}
                   -DTONE_PCM=$<TARGET_FILE:tone_pcm> -DDETECT_STDIN=$<TARGET_FILE:detect_stdin>
                   -DMODEL=${CMAKE_CURRENT_SOURCE_DIR}/tests/golden/tone.tflite
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/cpp/example_test.cmake)
  add_test(NAME echo_example_c
           COMMAND ${CMAKE_COMMAND} -DEMULATOR=${emulator}
                   -DECHO_PCM=$<TARGET_FILE:echo_pcm> -DCANCEL_STDIN=$<TARGET_FILE:cancel_stdin>
                   -DODD_FILE=${CMAKE_CURRENT_BINARY_DIR}/odd.raw
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/cpp/echo_example_test.cmake)

  find_package(Threads REQUIRED)
  foreach(test capi_test capi_endpointer_test capi_echo_canceller_test)
    add_executable(${test} tests/cpp/${test}.cc)
    target_link_libraries(${test} PRIVATE pywakeword pww_flags Threads::Threads)
    target_compile_definitions(${test} PRIVATE PWW_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}/tests"
                                               PWW_TEST_VERSION="${PWW_VERSION}")
    add_test(NAME ${test} COMMAND ${test})
  endforeach()

  if(NOT CMAKE_CROSSCOMPILING AND NOT PWW_SANITIZE)
    add_test(NAME install_test
             COMMAND ${CMAKE_COMMAND} -DBUILD_DIR=${CMAKE_CURRENT_BINARY_DIR}
                     -DGENERATOR=${CMAKE_GENERATOR} -DEXECUTABLE_SUFFIX=${CMAKE_EXECUTABLE_SUFFIX}
                     -DCONSUMER=${CMAKE_CURRENT_SOURCE_DIR}/tests/consumer
                     -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/cpp/install_test.cmake)
  endif()
endif()

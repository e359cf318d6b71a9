# Installs the build to a directory of its own, moves it, and builds the C example with
# nothing but that, through the CMake package and through pkg-config.

set(first ${BUILD_DIR}/install_test/first)
set(prefix ${BUILD_DIR}/install_test/moved)
set(consumer ${BUILD_DIR}/install_test/build)
file(REMOVE_RECURSE ${BUILD_DIR}/install_test)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${result}\n${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${first})
file(RENAME ${first} ${prefix})
file(GLOB_RECURSE pc_files ${prefix}/*.pc)
get_filename_component(pc_dir "${pc_files}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${pc_dir})
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${consumer} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${consumer})

if(WIN32)
  set(ENV{PATH} "${prefix}/bin;$ENV{PATH}")  # where a program there looks for its DLLs
endif()
foreach(name with_package with_pkg_config)
  set(program ${consumer}/${name}${EXECUTABLE_SUFFIX})
  if(EXISTS ${program})
    execute_process(COMMAND ${program} RESULT_VARIABLE result ERROR_VARIABLE error)
    if(NOT result EQUAL 2 OR NOT error MATCHES "usage")
      message(FATAL_ERROR "${name}: ${result}: ${error}")
    endif()
    message("${name} links and runs")
  elseif(name STREQUAL "with_package")  # the other one needs pkg-config
    message(FATAL_ERROR "${program} has not been built")
  endif()
endforeach()

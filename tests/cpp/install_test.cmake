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

foreach(name with_package with_pkg_config)
  if(EXISTS ${consumer}/${name})
    execute_process(COMMAND ${consumer}/${name} RESULT_VARIABLE result ERROR_VARIABLE error)
    if(NOT result EQUAL 2 OR NOT error MATCHES "usage")
      message(FATAL_ERROR "${name}: ${result}: ${error}")
    endif()
    message("${name} links and runs")
  endif()
endforeach()

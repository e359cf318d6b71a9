# Runs examples/c/detect_stdin on a tone and on bad input, under EMULATOR if there is one.

separate_arguments(EMULATOR)
execute_process(COMMAND ${EMULATOR} ${TONE_PCM}
                COMMAND ${EMULATOR} ${DETECT_STDIN} ${MODEL} 0.5 3
                OUTPUT_VARIABLE output RESULTS_VARIABLE results)
if(NOT results STREQUAL "0;0" OR NOT output MATCHES "^0 (0\\.[0-9]+|1) 1[0-9]+ [0-9]+ [0-9]+ [0-9]+ 8000\n$")
  message(FATAL_ERROR "expected one detection, got ${results}: ${output}")
endif()
message("${output}")

execute_process(COMMAND ${EMULATOR} ${DETECT_STDIN} ${MODEL}.missing 0.5
                RESULT_VARIABLE result ERROR_VARIABLE error)
if(NOT result EQUAL 1 OR NOT error MATCHES "missing: No such file")
  message(FATAL_ERROR "expected an error that names the file, got ${result}: ${error}")
endif()

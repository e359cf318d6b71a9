# Runs examples/c/cancel_stdin on an echo and on bad input, under EMULATOR if there is one.

separate_arguments(EMULATOR)
execute_process(COMMAND ${EMULATOR} ${ECHO_PCM}
                COMMAND ${EMULATOR} ${CANCEL_STDIN}
                COMMAND ${EMULATOR} ${ECHO_PCM} check
                OUTPUT_VARIABLE output ERROR_VARIABLE error RESULTS_VARIABLE results)
if(NOT results STREQUAL "0;0;0" OR NOT error MATCHES "^echo 700 samples late, [2-9][0-9]\\.[0-9] dB removed at the end, converged\n$")
  message(FATAL_ERROR "expected no echo, got ${results}: ${output}${error}")
endif()
message("${output}${error}")

file(WRITE ${ODD_FILE} "abc")
execute_process(COMMAND ${EMULATOR} ${CANCEL_STDIN} INPUT_FILE ${ODD_FILE}
                RESULT_VARIABLE result ERROR_VARIABLE error)
if(NOT result EQUAL 1 OR NOT error MATCHES "ends inside a pair of samples")
  message(FATAL_ERROR "expected an error that says what is wrong, got ${result}: ${error}")
endif()

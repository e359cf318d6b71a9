# Compiler flags: pww_flags, PWW_WARNINGS (C and C++) and PWW_FOR_SIZE.

if(MSVC AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "pywakeword is not for Microsoft's compiler, cl.exe: csrc/kernels/float4.h needs "
                      "the vectors of GCC and Clang. Use clang-cl, from Visual Studio's component \"C++ "
                      "Clang tools for Windows\" or from LLVM, in a developer command prompt: "
                      "-DCMAKE_C_COMPILER=clang-cl -DCMAKE_CXX_COMPILER=clang-cl")
endif()

add_library(pww_flags INTERFACE)
# No fused multiply-adds: the front end must give the same bits with any flags of the
# kernel variants.
if(MSVC)
  # clang-cl takes cl.exe's options, where -Wall is every warning; /clang: passes an
  # option to Clang.
  set(PWW_WARNINGS /W4 -Wconversion)
  set(PWW_FOR_SIZE /clang:-Os)
  target_compile_options(pww_flags INTERFACE /clang:-ffp-contract=off /Gy)
  # No warnings about the names of standard C.
  add_compile_definitions(_CRT_SECURE_NO_WARNINGS)
else()
  set(PWW_WARNINGS -Wall -Wextra -Wconversion)
  set(PWW_FOR_SIZE -Os)
  target_compile_options(pww_flags INTERFACE -ffp-contract=off -ffunction-sections)
endif()
if(PWW_WERROR)
  list(APPEND PWW_WARNINGS -Werror)
endif()
target_compile_options(pww_flags INTERFACE ${PWW_WARNINGS})
if(PWW_SANITIZE)
  target_compile_options(pww_flags INTERFACE -fsanitize=${PWW_SANITIZE} -fno-omit-frame-pointer -g
                                             -fno-sanitize-recover=all)
  target_link_options(pww_flags INTERFACE -fsanitize=${PWW_SANITIZE})
endif()

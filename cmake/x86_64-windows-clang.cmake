# The same with Clang, which has clang-cl's front end, and MinGW's headers and libraries.
include(${CMAKE_CURRENT_LIST_DIR}/x86_64-windows-gnu.cmake)
find_program(PWW_CLANG NAMES clang-19 clang REQUIRED)
find_program(PWW_CLANGXX NAMES clang++-19 clang++ REQUIRED)
set(CMAKE_C_COMPILER ${PWW_CLANG})
set(CMAKE_CXX_COMPILER ${PWW_CLANGXX})
set(CMAKE_C_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_CXX_COMPILER_TARGET x86_64-w64-mingw32)
# For libstdc++.a; GCC's driver adds it by itself.
set(CMAKE_CXX_FLAGS_INIT -pthread)

# 64-bit Windows with Debian's g++-mingw-w64-x86-64-posix; tests run under wine64, in the
# prefix that the environment variable WINEPREFIX names. Wheels are built by clang-cl.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
# Static, because Windows lacks GCC's run-time libraries. Windows does not align the stack
# enough for AVX (GCC bug 54412). Debian's GCC does not assume that it does; another MinGW
# may need -Wa,-muse-unaligned-vector-move.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -static)
set(CMAKE_MODULE_LINKER_FLAGS_INIT -static)
# Debian installs it outside PATH; its script `wine` also needs 32-bit programs.
find_program(PWW_WINE NAMES wine64 HINTS /usr/lib/wine)
if(PWW_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${PWW_WINE})
endif()
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

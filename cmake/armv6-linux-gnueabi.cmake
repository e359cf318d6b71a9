# ARMv6 with VFP (arm1176: Raspberry Pi Zero and 1) with Debian's g++-arm-linux-gnueabi.
#
# Debian's hard-float C library is built for ARMv7: a program linked with it crashes on
# this CPU before main(), at an illegal instruction. The soft-float library is built for
# ARMv5. "softfp" computes in the VFP and passes floats as that library expects. On the
# device itself, Raspberry Pi OS's compiler targets ARMv6 hard float.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv6l)
set(CMAKE_C_COMPILER arm-linux-gnueabi-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabi-g++)
set(CMAKE_C_FLAGS_INIT "-march=armv6kz -mtune=arm1176jzf-s -mfpu=vfp -mfloat-abi=softfp -marm")
set(CMAKE_CXX_FLAGS_INIT "-march=armv6kz -mtune=arm1176jzf-s -mfpu=vfp -mfloat-abi=softfp -marm -Wno-psabi")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm;-L;/usr/arm-linux-gnueabi)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

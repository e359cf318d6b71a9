#include "kernels/arm_cpu.h"

#if defined(__linux__)
#include <sys/auxv.h>
#endif

namespace pww {

bool CpuHasNeon() {
#if defined(__aarch64__)
  return true;  // part of the 64-bit baseline
#elif defined(__linux__)
  constexpr unsigned long kHwcapNeon = 1UL << 12;
  return (getauxval(AT_HWCAP) & kHwcapNeon) != 0;
#else
  return false;
#endif
}

bool CpuHasDotProduct() {
#if defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long kHwcapDotProduct = 1UL << 20;
  return (getauxval(AT_HWCAP) & kHwcapDotProduct) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  return true;  // on every Apple chip
#else
  return false;
#endif
}

}  // namespace pww

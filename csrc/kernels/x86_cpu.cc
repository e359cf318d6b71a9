#include "kernels/x86_cpu.h"

#include <cstdint>

namespace pww {
namespace {

struct Registers {
  uint32_t eax, ebx, ecx, edx;
};

Registers CpuId(uint32_t leaf, uint32_t subleaf) {
  Registers r = {};
  __asm__ volatile("cpuid"
                   : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                   : "a"(leaf), "c"(subleaf));
  return r;
}

// Registers that the system saves per thread, one bit per kind.
uint32_t SavedBySystem() {
  constexpr uint32_t kXgetbv = 1U << 27;
  if ((CpuId(1, 0).ecx & kXgetbv) == 0) {
    return 0;
  }
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

constexpr uint32_t kSseAndAvx = 0x06;
constexpr uint32_t kSseAvxAndAvx512 = 0xE6;

// The extensions, if the system saves all of `registers`; else none.
Registers Extensions(uint32_t registers) {
  constexpr uint32_t kLeaf = 7;
  if (CpuId(0, 0).eax < kLeaf || (SavedBySystem() & registers) != registers) {
    return {};
  }
  return CpuId(kLeaf, 0);
}

}  // namespace

bool CpuHasAvx2() {
  constexpr uint32_t kAvx2 = 1U << 5;
  return (Extensions(kSseAndAvx).ebx & kAvx2) != 0;
}

bool CpuHasAvx512Vnni() {
#if defined(__APPLE__)
  // Saved from the first use on, and not reported before.
  const Registers extensions = Extensions(kSseAndAvx);
#else
  const Registers extensions = Extensions(kSseAvxAndAvx512);
#endif
  constexpr uint32_t kFoundationBytesAndShort = 1U << 16 | 1U << 30 | 1U << 31;
  constexpr uint32_t kVnni = 1U << 11;
  return (extensions.ebx & kFoundationBytesAndShort) == kFoundationBytesAndShort &&
         (extensions.ecx & kVnni) != 0;
}

}  // namespace pww

#pragma once

// What this x86 CPU has, and the operating system saves. Asked by hand, because
// __builtin_cpu_supports needs a part of the compiler's own run-time library, which
// clang-cl does not link: Windows programs get Microsoft's.
namespace pww {

bool CpuHasAvx2();
bool CpuHasAvx512Vnni();  // with the byte, word and 256-bit forms that the row uses

}  // namespace pww

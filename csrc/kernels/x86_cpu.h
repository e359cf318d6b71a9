#pragma once

// Features that this x86 CPU has and the operating system supports. Checked by hand,
// because __builtin_cpu_supports needs the compiler's run-time library, which clang-cl
// does not link.
namespace pww {

bool CpuHasAvx2();
bool CpuHasAvx512Vnni();  // with the byte, word and 256-bit forms that the row uses

}  // namespace pww

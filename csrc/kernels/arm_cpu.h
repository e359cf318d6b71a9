#pragma once

// What this Arm CPU has. Asked from a file of its own, as the rows' files are compiled
// for the very instructions that the question is about: on an ARMv6 CPU a check that
// the compiler has turned into an ARMv7 instruction dies of it.
namespace pww {

bool CpuHasNeon();
bool CpuHasDotProduct();

}  // namespace pww

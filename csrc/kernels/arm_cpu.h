#pragma once

// Features of this Arm CPU. They are checked in a file of their own, because the rows'
// files are compiled for the instructions in question: on an ARMv6 CPU, a check
// compiled to ARMv7 instructions would crash.
namespace pww {

bool CpuHasNeon();
bool CpuHasDotProduct();

}  // namespace pww

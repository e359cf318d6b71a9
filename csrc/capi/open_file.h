#pragma once

#include <cstdio>

namespace pww::capi {

// std::fopen(path, "rb"), with a path in UTF-8 on Windows too, whose own fopen takes
// the code page of the user's language. Null on failure, and errno says why.
std::FILE* OpenForReading(const char* path);

}  // namespace pww::capi

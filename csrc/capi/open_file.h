#pragma once

#include <cstdio>

namespace pww::capi {

// std::fopen(path, "rb") with a path in UTF-8, also on Windows, where fopen takes the
// user's code page. Returns null and sets errno on failure.
std::FILE* OpenForReading(const char* path);

}  // namespace pww::capi

#include "capi/open_file.h"

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX  // macros min and max
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <cerrno>
#include <string>
#endif

namespace pww::capi {

#if defined(_WIN32)

std::FILE* OpenForReading(const char* path) {
  const auto convert = [&](wchar_t* out, int capacity) {
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out, capacity);
  };
  std::wstring wide(static_cast<size_t>(convert(nullptr, 0)), L'\0');
  if (wide.empty()) {
    errno = EILSEQ;
    return nullptr;
  }
  convert(wide.data(), static_cast<int>(wide.size()));
  return _wfopen(wide.c_str(), L"rb");
}

#else

std::FILE* OpenForReading(const char* path) { return std::fopen(path, "rb"); }

#endif

}  // namespace pww::capi

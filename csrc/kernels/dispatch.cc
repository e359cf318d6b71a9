#include <cstdlib>

#include "kernels/rows.h"

namespace pww {
namespace {

// Slowest first: the last supported one is the default.
const Kernels* const kCompiledRows[] = {
    &kScalarKernels,
#ifdef PWW_HAVE_AVX2
    &kAvx2Kernels,
#endif
#ifdef PWW_HAVE_AVX512VNNI
    &kAvx512VnniKernels,
#endif
#ifdef PWW_HAVE_NEON
    &kNeonKernels,
#endif
#ifdef PWW_HAVE_NEONDOT
    &kNeonDotKernels,
#endif
};

struct Selection {
  Status status = Status::kOk;
  const Kernels* kernels = nullptr;
  std::string message;
};

Selection Select() {
  const char* wanted = std::getenv("PYWAKEWORD_ISA");
  const std::vector<const Kernels*> supported = SupportedKernels();
  if (wanted == nullptr || *wanted == '\0') {
    return {Status::kOk, supported.back(), {}};
  }
  std::string names;
  for (const Kernels* row : supported) {
    if (std::string(row->name) == wanted) {
      return {Status::kOk, row, {}};
    }
    names += names.empty() ? row->name : std::string(", ") + row->name;
  }
  return {Status::kInvalidArgument, nullptr,
          std::string("PYWAKEWORD_ISA=") + wanted +
              ": no such instruction set in this build or on this CPU; use one of: " +
              names};
}

}  // namespace

std::vector<const Kernels*> SupportedKernels() {
  std::vector<const Kernels*> rows;
  for (const Kernels* row : kCompiledRows) {
    if (row->supported()) {
      rows.push_back(row);
    }
  }
  return rows;
}

Status SelectKernels(const Kernels** out, std::string* message) {
  static const Selection selection = Select();
  if (selection.status != Status::kOk) {
    *message = selection.message;
    return selection.status;
  }
  *out = selection.kernels;
  return Status::kOk;
}

}  // namespace pww

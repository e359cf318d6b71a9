// Models of the C API, and the functions that describe the library.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "capi/error.h"
#include "capi/handles.h"
#include "capi/open_file.h"
#include "detect/network_source.h"
#include "kernels/kernels.h"

namespace pww::capi {
namespace {

constexpr size_t kMostModelBytes = size_t{64} << 20;

pww_status LoadModel(const uint8_t* data, size_t size, pww_model** out) {
  auto model = std::make_unique<pww_model>();
  std::string message;
  Status status = Model::Load(data, size, &model->core, &message);
  if (status != Status::kOk) {
    return Fail(status, message);
  }
  // Refuses a model that no spotter can run while the caller still knows its file.
  std::unique_ptr<PosteriorSource> source;
  status = NetworkSource::Create(model->core, {}, &source, &message);
  if (status != Status::kOk) {
    return Fail(status, message);
  }
  model->n_keywords = source->n_keywords();
  *out = model.release();
  return PWW_OK;
}

pww_status LoadVad(const uint8_t* data, size_t size, pww_vad** out) {
  auto vad = std::make_unique<pww_vad>();
  std::string message;
  Status status = Model::Load(data, size, &vad->core, &message);
  std::unique_ptr<Vad> stream;  // as above
  if (status == Status::kOk) {
    status = Vad::Create(vad->core, 0, &stream, &message);
  }
  if (status != Status::kOk) {
    return Fail(status, message);
  }
  *out = vad.release();
  return PWW_OK;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

pww_status IoError(const char* path, const char* reason) {
  return Fail(PWW_IO_ERROR, (std::string(path) + ": " + reason).c_str());
}

// Reads in pieces, because a pipe or device has no known length.
pww_status ReadFile(const char* path, std::vector<uint8_t>* bytes) {
  constexpr size_t kPieceBytes = 65536;
  const File file(OpenForReading(path), &std::fclose);
  if (file == nullptr) {
    return IoError(path, std::strerror(errno));
  }
  size_t size = 0;
  size_t got = 0;
  do {
    bytes->resize(size + kPieceBytes);
    got = std::fread(bytes->data() + size, 1, kPieceBytes, file.get());
    size += got;
    if (size > kMostModelBytes) {
      return IoError(path, "larger than 64 MiB");
    }
  } while (got == kPieceBytes);
  if (std::ferror(file.get()) != 0) {
    return IoError(path, std::strerror(errno));
  }
  bytes->resize(size);
  return PWW_OK;
}

template <typename Handle, typename Load>
pww_status FromMemory(const void* data, size_t size, Handle** out,
                      const char* null_message, Load load) noexcept {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(out != nullptr, null_message);
    *out = nullptr;
    PWW_REQUIRE(data != nullptr, "data is NULL");
    return load(static_cast<const uint8_t*>(data), size, out);
  });
}

template <typename Handle, typename Load>
pww_status FromFile(const char* path, Handle** out, const char* null_message,
                    Load load) noexcept {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(out != nullptr, null_message);
    *out = nullptr;
    PWW_REQUIRE(path != nullptr, "path is NULL");
    std::vector<uint8_t> bytes;
    pww_status status = ReadFile(path, &bytes);
    if (status == PWW_OK) {
      status = load(bytes.data(), bytes.size(), out);
      if (status != PWW_OK) {
        const std::string message = std::string(path) + ": " + pww_last_error();
        return Fail(status, message.c_str());
      }
    }
    return status;
  });
}

}  // namespace
}  // namespace pww::capi

using pww::capi::Guarded;

int32_t pww_abi_version(void) { return PWW_ABI_VERSION; }

const char* pww_version(void) { return PWW_VERSION; }

pww_status pww_isa(const char** name) {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(name != nullptr, "name is NULL");
    const pww::Kernels* kernels = nullptr;
    std::string message;
    const pww::Status status = pww::SelectKernels(&kernels, &message);
    if (status != pww::Status::kOk) {
      return pww::capi::Fail(status, message);
    }
    *name = kernels->name;
    return PWW_OK;
  });
}

pww_status pww_model_load_memory(const void* data, size_t size, pww_model** model) {
  return pww::capi::FromMemory(data, size, model, "model is NULL",
                               pww::capi::LoadModel);
}

pww_status pww_model_load_file(const char* path, pww_model** model) {
  return pww::capi::FromFile(path, model, "model is NULL", pww::capi::LoadModel);
}

pww_status pww_vad_load_memory(const void* data, size_t size, pww_vad** vad) {
  return pww::capi::FromMemory(data, size, vad, "vad is NULL", pww::capi::LoadVad);
}

pww_status pww_vad_load_file(const char* path, pww_vad** vad) {
  return pww::capi::FromFile(path, vad, "vad is NULL", pww::capi::LoadVad);
}

void pww_vad_destroy(pww_vad* vad) { delete vad; }

pww_status pww_model_get_info(const pww_model* model, pww_model_info* info) {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(model != nullptr, "model is NULL");
    PWW_REQUIRE(info != nullptr, "info is NULL");
    const pww::Model& core = *model->core;
    *info = {model->n_keywords, core.window_frames(), core.frame_stride(),
             core.n_state() != 0 ? 1 : 0, core.bytes()};
    return PWW_OK;
  });
}

void pww_model_destroy(pww_model* model) { delete model; }

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace pww::test {

// The values in tests/golden/`name`; empty if the file cannot be read.
template <typename T>
std::vector<T> ReadGolden(const std::string& name) {
  std::vector<T> values;
  const std::string path = std::string(PWW_TEST_DIR) + "/golden/" + name;
  if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
    T value;
    while (std::fread(&value, sizeof value, 1, file) == 1) {
      values.push_back(value);
    }
    std::fclose(file);
  }
  return values;
}

// Uniform noise in [-amplitude, amplitude), the same for the same seed.
inline std::vector<int16_t> Noise(size_t count, int amplitude, uint32_t seed) {
  std::vector<int16_t> samples(count);
  for (int16_t& sample : samples) {
    seed = seed * 1664525U + 1013904223U;
    const auto uniform = static_cast<int>(seed >> 16);  // [0, 65536)
    sample = static_cast<int16_t>(int64_t{uniform} * 2 * amplitude / 65536 - amplitude);
  }
  return samples;
}

// The samples [begin, end), whose indexes fit a ptrdiff_t of 32 bits.
inline std::vector<int16_t> Cut(const std::vector<int16_t>& pcm, int64_t begin,
                                int64_t end) {
  return {pcm.begin() + static_cast<ptrdiff_t>(begin),
          pcm.begin() + static_cast<ptrdiff_t>(end)};
}

// Chunk sizes to test; 0 is the whole stream.
inline std::vector<size_t> ChunkSizes() { return {1, 7, 160, 1000, 1280, 0}; }

// Calls use(data, count) for consecutive chunks of `samples`.
template <typename Use>
void ForEachChunk(const std::vector<int16_t>& samples, size_t chunk, Use use) {
  for (size_t begin = 0; begin < samples.size();) {
    const size_t left = samples.size() - begin;
    const size_t count = chunk == 0 || chunk > left ? left : chunk;
    use(samples.data() + begin, count);
    begin += count;
  }
}

}  // namespace pww::test

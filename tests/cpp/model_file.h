#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <vector>

namespace pww::test {

// The golden model with one operator of every kind; see tests/golden.
inline std::vector<uint8_t> ReadSmallModel() {
  std::ifstream file(PWW_TEST_DIR "/golden/small_model.tflite", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace pww::test

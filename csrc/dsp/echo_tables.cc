#include "dsp/echo_tables.h"

#include <cmath>

namespace pww {
namespace {

constexpr double kTwoPi = 6.28318530717958647692;

EchoTables Make() {
  EchoTables tables;
  for (size_t k = 0; k < 16; ++k) {
    for (size_t n = 0; n < 16; ++n) {
      const double angle = -kTwoPi * static_cast<double>(k * n) / 256;
      tables.turn256_re[k][n] = static_cast<float>(std::cos(angle));
      tables.turn256_im[k][n] = static_cast<float>(std::sin(angle));
    }
  }
  for (size_t j = 0; j < 4; ++j) {
    for (size_t k = 0; k < 4; ++k) {
      const double angle = -kTwoPi * static_cast<double>(j * k) / 16;
      tables.turn16_re[j][k] = static_cast<float>(std::cos(angle));
      tables.turn16_im[j][k] = static_cast<float>(std::sin(angle));
    }
  }
  return tables;
}

}  // namespace

const EchoTables& SharedEchoTables() {
  static const EchoTables tables = Make();
  return tables;
}

}  // namespace pww

#include "kernels/requant.h"

#include "check.h"
#include "nn/quantize.h"

using pww::FixedMultiplier;
using pww::MultiplyFixed;
using pww::QuantizeMultiplier;

PWW_TEST(MultiplierIsNormalised) {
  const FixedMultiplier half = QuantizeMultiplier(0.5);
  PWW_CHECK(half.multiplier == 1 << 30 && half.shift == 0);
  const FixedMultiplier three = QuantizeMultiplier(3.0);
  PWW_CHECK(three.multiplier == 3 << 29 && three.shift == 2);
  const FixedMultiplier zero = QuantizeMultiplier(0.0);
  PWW_CHECK(zero.multiplier == 0);
  const FixedMultiplier tiny = QuantizeMultiplier(1e-12);
  PWW_CHECK(tiny.multiplier == 0 && tiny.shift == 0);
}

PWW_TEST(MultiplierThatRoundsUpToOneKeepsItsRange) {
  const FixedMultiplier almost_one = QuantizeMultiplier(1.0 - 1e-12);
  PWW_CHECK(almost_one.multiplier == 1 << 30 && almost_one.shift == 1);
}

PWW_TEST(HalvesGoUpwardAfterTheProduct) {
  const FixedMultiplier half = QuantizeMultiplier(0.5);  // no right shift
  PWW_CHECK(MultiplyFixed(3, half) == 2);
  PWW_CHECK(MultiplyFixed(-3, half) == -1);
  PWW_CHECK(MultiplyFixed(1, half) == 1);
  PWW_CHECK(MultiplyFixed(-1, half) == 0);
}

PWW_TEST(HalvesGoAwayFromZeroAfterTheShift) {
  const FixedMultiplier quarter = QuantizeMultiplier(0.25);  // half, then one bit
  PWW_CHECK(MultiplyFixed(6, quarter) == 2);
  PWW_CHECK(MultiplyFixed(-6, quarter) == -2);
}

PWW_TEST(RoundingHappensTwice) {
  // 5 / 4 is 1.25: once rounded 1, but 5 / 2 rounds to 3 and 3 / 2 to 2.
  PWW_CHECK(MultiplyFixed(5, QuantizeMultiplier(0.25)) == 2);
}

PWW_TEST(LeftShiftMultiplies) {
  PWW_CHECK(MultiplyFixed(1000, QuantizeMultiplier(24.0)) == 24000);
  PWW_CHECK(MultiplyFixed(-7, QuantizeMultiplier(1.0)) == -7);
}

PWW_TEST(FullyConnectedRoundsOnceAndAwayFromZero) {
  PWW_CHECK(pww::MultiplyReal(5, 0.25) == 1);
  PWW_CHECK(pww::MultiplyReal(3, 0.5) == 2);
  PWW_CHECK(pww::MultiplyReal(-3, 0.5) == -2);
}

PWW_TEST(OutputIsClampedAfterTheZeroPoint) {
  const pww::OutputRange range{10, 10, 127};
  PWW_CHECK(pww::ClampToOutput(-5, range) == 10);
  PWW_CHECK(pww::ClampToOutput(5, range) == 15);
  PWW_CHECK(pww::ClampToOutput(500, range) == 127);
}

PWW_TEST(ActivationsBoundTheRange) {
  pww::Tensor output;
  output.scales = {0.1F};
  output.zero_point = -20;
  const pww::OutputRange none = RangeOf(output, pww::Activation::kNone);
  PWW_CHECK(none.min == -128 && none.max == 127);
  const pww::OutputRange relu = RangeOf(output, pww::Activation::kRelu);
  PWW_CHECK(relu.min == -20 && relu.max == 127);
  const pww::OutputRange relu6 = RangeOf(output, pww::Activation::kRelu6);
  PWW_CHECK(relu6.min == -20 && relu6.max == 40);
}

PWW_TEST(MultipliersThatCouldOverflowAreRefused) {
  std::string message;
  FixedMultiplier out;
  PWW_CHECK(pww::FitMultiplier(0.5, 1 << 29, &out, "t", &message) == pww::Status::kOk);
  for (const double scale : {4.0, 1e30, 0.0, -1.0}) {
    PWW_CHECK(pww::FitMultiplier(scale, 1 << 29, &out, "t", &message) ==
              pww::Status::kUnsupportedModel);
    PWW_CHECK(message.find("'t'") != std::string::npos);
  }
}

int main() { return pww::test::RunAll(); }

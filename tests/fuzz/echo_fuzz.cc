// Fuzz target: an echo canceller per row of kernels, with any options, sounds, resets
// and chunks. Each gets the same audio, the scalar row whole and the others in the
// input's chunks. Outputs and getters must agree, and the getters stay in range.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "dsp/echo_canceller.h"
#include "input.h"
#include "kernels/kernels.h"

namespace {

using pww::EchoCanceller;
using pww::Kernels;
using pww::fuzz::Input;
using pww::fuzz::Require;
using Pcm = std::vector<int16_t>;

// Silence, a constant, a square wave of any period, noise, or the input's own samples.
Pcm Sound(size_t count, Input* input) {
  const uint8_t kind = input->Byte();
  const auto value = static_cast<int16_t>(input->Word());
  const size_t half_period = 1U + input->Byte() % 64;
  uint32_t random = input->Word();
  Pcm pcm(count);
  for (size_t n = 0; n < count; ++n) {
    switch (kind % 5) {
      case 0:
        break;
      case 1:
        pcm[n] = value;
        break;
      case 2:
        pcm[n] = n / half_period % 2 == 0 ? value : static_cast<int16_t>(~value);
        break;
      case 3:
        random = random * 1664525U + 1013904223U;
        pcm[n] = static_cast<int16_t>(static_cast<int32_t>(random) >> (16 + kind % 8));
        break;
      default:
        pcm[n] = static_cast<int16_t>(input->Byte() << 8 | input->Byte());
        break;
    }
  }
  return pcm;
}

// Adds the loudspeaker to the microphone, some time later, or nothing.
void AddEcho(const Pcm& played, Input* input, Pcm* microphone) {
  const size_t delay = input->Word() % 8000;
  const int gain = input->Int8();
  const size_t begin = played.size() - microphone->size();
  for (size_t n = 0; n < microphone->size(); ++n) {
    if (begin + n >= delay) {
      const int sum = (*microphone)[n] + played[begin + n - delay] * gain / 64;
      (*microphone)[n] = static_cast<int16_t>(std::clamp(sum, -32768, 32767));
    }
  }
}

bool SameGetters(const EchoCanceller& a, const EchoCanceller& b) {
  return a.erle_db() == b.erle_db() && a.delay_samples() == b.delay_samples() &&
         a.converged() == b.converged();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<const Kernels*> rows = pww::SupportedKernels();
  Input input(data, size);
  const size_t tail_ms =
      EchoCanceller::kLeastTailMs +
      input.Word() % (EchoCanceller::kMostTailMs - EchoCanceller::kLeastTailMs + 1);
  const size_t max_delay_ms = input.Word() % (EchoCanceller::kMostDelayMs + 1);
  std::vector<std::unique_ptr<EchoCanceller>> cancellers;
  for (const Kernels* row : rows) {
    cancellers.push_back(std::make_unique<EchoCanceller>(row, tail_ms, max_delay_ms));
  }
  Pcm played;
  for (int steps = 0; steps < 6 && !input.empty(); ++steps) {
    if (input.Byte() % 16 == 0) {
      for (const auto& canceller : cancellers) {
        canceller->Reset();
      }
    }
    const size_t chunk = 1U + input.Word() % 1000;
    const size_t count = input.Word() % 4000;
    const Pcm loudspeaker = Sound(count, &input);
    played.insert(played.end(), loudspeaker.begin(), loudspeaker.end());
    Pcm microphone = Sound(count, &input);
    AddEcho(played, &input, &microphone);
    Pcm want(count);
    cancellers[0]->Process(microphone.data(), loudspeaker.data(), count, want.data());
    Require(std::isfinite(cancellers[0]->erle_db()), "erle_db is a number");
    Require(cancellers[0]->delay_samples() <= 16 * (max_delay_ms + tail_ms) + 1024,
            "delay_samples is in range");
    for (size_t i = 1; i < cancellers.size(); ++i) {
      Pcm got = microphone;  // in place
      for (size_t begin = 0; begin < count; begin += chunk) {
        cancellers[i]->Process(got.data() + begin, loudspeaker.data() + begin,
                               std::min(chunk, count - begin), got.data() + begin);
      }
      Require(got == want, "rows and cuts give one output");
      Require(SameGetters(*cancellers[0], *cancellers[i]), "rows and cuts agree");
    }
  }
  return 0;
}

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/audio_ring.h"
#include "check.h"

namespace pww {
namespace {

constexpr size_t kCapacity = 7;
constexpr int64_t kAfter37Hours = (int64_t{1} << 31) - 5;

int16_t SampleAt(int64_t index) { return static_cast<int16_t>(index % 30011); }

void PushRange(AudioRing* ring, int64_t begin, int64_t end) {
  std::vector<int16_t> samples;
  for (int64_t i = begin; i < end; ++i) {
    samples.push_back(SampleAt(i));
  }
  ring->Push(samples.data(), samples.size());
}

bool HoldsExactly(const AudioRing& ring, int64_t begin, int64_t end) {
  if (ring.begin_index() != begin || ring.end_index() != end) {
    return false;
  }
  for (int64_t from = begin; from <= end; ++from) {
    for (int64_t to = from; to <= end; ++to) {
      std::vector<int16_t> out(static_cast<size_t>(to - from));
      if (!ring.Copy(from, to, out.data())) {
        return false;
      }
      for (int64_t i = from; i < to; ++i) {
        if (out[static_cast<size_t>(i - from)] != SampleAt(i)) {
          return false;
        }
      }
    }
  }
  return true;
}

PWW_TEST(HoldsTheNewestAroundEveryWrap) {
  for (const int64_t first : {int64_t{0}, kAfter37Hours}) {
    for (int64_t chunk = 0; chunk <= 2 * static_cast<int64_t>(kCapacity) + 1; ++chunk) {
      AudioRing ring(kCapacity, first);
      int64_t end = first;
      for (int push = 0; push < 20; ++push) {
        PushRange(&ring, end, end + chunk);
        end += chunk;
        const int64_t oldest = std::max(first, end - static_cast<int64_t>(kCapacity));
        PWW_CHECK(HoldsExactly(ring, oldest, end));
      }
    }
  }
}

PWW_TEST(RefusesWhatItDoesNotHold) {
  AudioRing ring(kCapacity);
  PushRange(&ring, 0, 10);
  std::vector<int16_t> out(16, 77);
  PWW_CHECK(!ring.Copy(2, 5, out.data()));   // overwritten
  PWW_CHECK(!ring.Copy(9, 11, out.data()));  // not yet written
  PWW_CHECK(!ring.Copy(6, 5, out.data()));   // backwards
  PWW_CHECK(!ring.Copy(-1, 2, out.data()));
  PWW_CHECK(out == std::vector<int16_t>(16, 77));
}

PWW_TEST(ResetForgets) {
  AudioRing ring(kCapacity, 3);
  PushRange(&ring, 3, 20);
  ring.Reset(100);
  PWW_CHECK(HoldsExactly(ring, 100, 100));
  PushRange(&ring, 100, 104);
  PWW_CHECK(HoldsExactly(ring, 100, 104));
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }

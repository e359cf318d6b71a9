#pragma once

// Endless audio for the soak: spoken wake words, silence, noise, clipping, DC and
// extremes in random order, and what a loudspeaker plays. Equal seeds give equal audio.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace pww::soak {

using Pcm = std::vector<int16_t>;

inline std::vector<char> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The samples after the usual header of 44 bytes.
inline Pcm ReadWav(const std::string& path) {
  const std::vector<char> bytes = ReadFile(path);
  constexpr size_t kHeader = 44;
  Pcm pcm(bytes.size() > kHeader ? (bytes.size() - kHeader) / sizeof(int16_t) : 0);
  const char* from = bytes.data() + kHeader;
  std::copy_n(from, pcm.size() * sizeof(int16_t), reinterpret_cast<char*>(pcm.data()));
  return pcm;
}

class Stream {
 public:
  Stream(uint32_t seed, const std::vector<Pcm>& words) : random_(seed) {
    constexpr size_t kSecond = 16000;
    segments_ = words;
    segments_.emplace_back(kSecond, int16_t{0});
    segments_.emplace_back(kSecond, int16_t{32767});  // the largest DC
    segments_.emplace_back(kSecond, int16_t{-32768});
    for (const int amplitude : {1, 300, 8000, 32767}) {
      segments_.push_back(Make(kSecond, [&](size_t) { return Uniform(amplitude); }));
    }
    // Square waves of both extremes, which overflow sums that are too narrow.
    for (const size_t half_period : {1, 16, 800}) {
      segments_.push_back(Make(kSecond, [&](size_t n) {
        return n / half_period % 2 == 0 ? 32767 : -32768;
      }));
    }
    for (const Pcm& word : words) {  // clipped, and on DC
      segments_.push_back(Make(word.size(), [&](size_t n) { return 20 * word[n]; }));
      segments_.push_back(Make(word.size(), [&](size_t n) { return word[n] + 9000; }));
    }
  }

  // The next samples, at least one; valid until the next call.
  const Pcm& Next() {
    const Pcm& segment = segments_[random_() % segments_.size()];
    const size_t begin = random_() % 4 == 0 ? random_() % segment.size() : 0;
    next_.assign(segment.begin() + static_cast<ptrdiff_t>(begin), segment.end());
    return next_;
  }

 private:
  template <typename Value>
  static Pcm Make(size_t count, Value value) {
    Pcm pcm(count);
    for (size_t n = 0; n < count; ++n) {
      pcm[n] = static_cast<int16_t>(std::clamp<int>(value(n), -32768, 32767));
    }
    return pcm;
  }

  int Uniform(int amplitude) {
    const auto range = static_cast<uint32_t>(2 * amplitude + 1);
    return static_cast<int>(random_() % range) - amplitude;
  }

  std::mt19937 random_;
  std::vector<Pcm> segments_;
  Pcm next_;
};

// What the device plays beside the stream, and its echo. It is silent for seven
// segments of eight, as devices are.
class Loudspeaker {
 public:
  Loudspeaker(uint32_t seed, const std::vector<Pcm>& words)
      : random_(seed), stream_(seed + 1, words) {}

  // Returns as many samples as the microphone has, and adds their echo to it. Valid
  // until the next call.
  const Pcm& Next(Pcm* microphone) {
    played_.erase(played_.begin(), played_.end() - kEchoDelay);
    const size_t begin = played_.size();
    const size_t count = microphone->size();
    const Pcm& segment = stream_.Next();
    const bool plays = random_() % 8 == 0;
    for (size_t n = 0; n < count; ++n) {
      played_.push_back(plays ? segment[n % segment.size()] : int16_t{0});
      const int sum = (*microphone)[n] + played_[n] / 2;
      (*microphone)[n] = static_cast<int16_t>(std::clamp(sum, -32768, 32767));
    }
    newest_.assign(played_.begin() + static_cast<ptrdiff_t>(begin), played_.end());
    return newest_;
  }

 private:
  static constexpr ptrdiff_t kEchoDelay = 900;

  std::mt19937 random_;
  Stream stream_;
  Pcm played_ = Pcm(kEchoDelay);  // the last of what was played, then the newest
  Pcm newest_;
};

}  // namespace pww::soak

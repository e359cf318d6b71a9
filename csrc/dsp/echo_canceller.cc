#include "dsp/echo_canceller.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dsp/echo_tables.h"

namespace pww {
namespace {

constexpr size_t kBlock = EchoState::kBlock;
constexpr double kTwoPi = 6.28318530717958647692;
constexpr size_t kSamplesPerMs = 16;
// The echo's power falls by so much from the first partition to the last: the filter
// begins with that expectation.
constexpr float kPriorFallDb = 30.0F;
constexpr float kGainMargin = 4.0F;
constexpr float kGainRise = 2.0F;
constexpr int kSilentLevel = 1;  // digital silence may be dithered
constexpr int kClippedLevel = 32760;
constexpr float kGuardRate = 1.0F / 160;  // per sample: the last 10 ms
constexpr float kFadeStep = 1.0F / 64;    // per sample
constexpr float kMuchWorse = 1.25F;
constexpr float kLeastPower = 25.0F;  // of five quantisation steps: less is nothing
constexpr size_t kWorseSamples = size_t{16} * 200;  // then the filter is given up
constexpr double kErleKept = 0.99;                  // per block: the last 0.8 s
constexpr float kConvergedShare = 0.1F;
constexpr float kShareKept = 0.95F;

size_t Blocks(size_t ms) { return (ms * kSamplesPerMs + kBlock - 1) / kBlock; }

bool Silent(int16_t sample) {
  return sample >= -kSilentLevel && sample <= kSilentLevel;
}

}  // namespace

EchoCanceller::EchoCanceller(const Kernels* kernels, size_t tail_ms,
                             size_t max_delay_ms)
    : kernels_(kernels),
      most_delay_blocks_(Blocks(max_delay_ms)),
      prior_(Blocks(tail_ms)),
      loudspeaker_((most_delay_blocks_ + 2) * kBlock),
      memory_(kMostRemembered * 2 * kBlock),
      delay_(most_delay_blocks_) {
  state_.n_partitions = prior_.size();
  state_.n_spectra = prior_.size() + most_delay_blocks_ + 1;
  spectra_.resize(state_.n_spectra * EchoState::kSpectrum);
  weights_.resize(state_.n_partitions * EchoState::kSpectrum);
  covariance_.resize(state_.n_partitions * EchoState::kRow);
  state_.prior = prior_.data();
  state_.spectra = spectra_.data();
  state_.weights = weights_.data();
  state_.covariance = covariance_.data();
  Reset();
}

void EchoCanceller::Reset() noexcept {
  EchoState fresh;
  fresh.n_partitions = state_.n_partitions;
  fresh.prior = state_.prior;
  fresh.n_spectra = state_.n_spectra;
  fresh.spectra = state_.spectra;
  fresh.weights = state_.weights;
  fresh.covariance = state_.covariance;
  state_ = fresh;
  std::fill(spectra_.begin(), spectra_.end(), 0.0F);
  std::fill(loudspeaker_.begin(), loudspeaker_.end(), 0.0F);
  ExpectGain(1);
  Forget();
  delay_.Reset();
  at_ = silent_samples_ = worse_samples_ = n_remembered_ = 0;
  idle_ = whole_ = true;
  clipped_ = false;
  subtracted_ = 0;
  microphone_power_ = error_power_ = 0;
  played_microphone_ = played_output_ = 0;
  echo_power_ = expected_error_power_ = 0;
}

// What is expected of the filter before anything is known: `power` in the first
// partition, in each of the others less.
void EchoCanceller::ExpectGain(float power) noexcept {
  const auto n = static_cast<float>(prior_.size());
  for (size_t p = 0; p < prior_.size(); ++p) {
    prior_[p] =
        power * std::pow(10.0F, -0.1F * kPriorFallDb * static_cast<float>(p) / n);
  }
}

// Starts over with an unknown room.
void EchoCanceller::Forget() noexcept {
  std::fill(weights_.begin(), weights_.end(), 0.0F);
  std::fill(state_.noise_power, state_.noise_power + EchoState::kRow, 0.0F);
  state_.leak_covariance = state_.leak_variance = 0;
  std::fill(state_.head, state_.head + kBlock, 0.0F);
  std::fill(state_.tail, state_.tail + kBlock, 0.0F);
  Doubt();
}

// Keeps the filter, but resets its uncertainty to the prior.
void EchoCanceller::Doubt() noexcept {
  for (size_t p = 0; p < state_.n_partitions; ++p) {
    std::fill_n(covariance_.data() + p * EchoState::kRow, EchoState::kRow, prior_[p]);
  }
}

void EchoCanceller::Process(const int16_t* microphone, const int16_t* loudspeaker,
                            size_t n, int16_t* out) noexcept {
  while (n > 0) {
    size_t run = std::min(n, kBlock - at_);
    if (idle_) {
      size_t silent = 0;
      while (silent < run && Silent(loudspeaker[silent])) {
        ++silent;
      }
      if (silent > 0) {
        std::memmove(out, microphone, silent * sizeof(int16_t));
        at_ = (at_ + silent) % kBlock;
        run = silent;
      } else {
        idle_ = false;
        silent_samples_ = 0;
        // What came before in this block was not recorded.
        whole_ = at_ == 0;
        float* block = loudspeaker_.data() + loudspeaker_.size() - kBlock;
        std::fill(block, block + at_, 0.0F);
        std::fill(state_.error, state_.error + at_, 0.0F);
        std::fill(state_.echo, state_.echo + at_, 0.0F);
        Active(microphone, loudspeaker, run, out);
      }
    } else {
      Active(microphone, loudspeaker, run, out);
    }
    microphone += run;
    loudspeaker += run;
    out += run;
    n -= run;
  }
}

// `n` samples inside one block.
void EchoCanceller::Active(const int16_t* microphone, const int16_t* loudspeaker,
                           size_t n, int16_t* out) noexcept {
  float* played = loudspeaker_.data() + loudspeaker_.size() - kBlock + at_;
  for (size_t i = 0; i < n; ++i) {
    played[i] = static_cast<float>(loudspeaker[i]);
    silent_samples_ = Silent(loudspeaker[i]) ? silent_samples_ + 1 : 0;
  }
  float* echo = state_.echo + at_;
  kernels_->echo_fir(state_.head, played - state_.delay_blocks * kBlock, n, echo);
  for (size_t i = 0; i < n; ++i) {
    const auto sample = static_cast<float>(microphone[i]);
    clipped_ =
        clipped_ || microphone[i] >= kClippedLevel || microphone[i] <= -kClippedLevel;
    echo[i] += state_.tail[at_ + i];
    const float error = sample - echo[i];
    state_.error[at_ + i] = error;
    Guard(sample, error);
    const float clean = std::nearbyint(sample - subtracted_ * echo[i]);
    out[i] = static_cast<int16_t>(std::min(std::max(clean, -32768.0F), 32767.0F));
    played_microphone_ += static_cast<double>(sample) * static_cast<double>(sample);
    played_output_ += static_cast<double>(clean) * static_cast<double>(clean);
  }
  at_ += n;
  if (at_ == kBlock) {
    EndBlock();
  }
}

// The output is never made louder than the microphone: as long as the error is the
// louder of the two, the microphone passes.
void EchoCanceller::Guard(float microphone, float error) noexcept {
  microphone_power_ += kGuardRate * (microphone * microphone - microphone_power_);
  error_power_ += kGuardRate * (error * error - error_power_);
  if (!delay_.found()) {  // nothing of the loudspeaker is in the microphone
    subtracted_ = std::max(0.0F, subtracted_ - kFadeStep);
    worse_samples_ = 0;
  } else if (error_power_ > microphone_power_) {
    subtracted_ = std::max(0.0F, subtracted_ - kFadeStep);
    worse_samples_ = error_power_ > kMuchWorse * microphone_power_ + kLeastPower
                         ? worse_samples_ + 1
                         : 0;
  } else {
    subtracted_ = std::min(1.0F, subtracted_ + kFadeStep);
    worse_samples_ = 0;
  }
}

void EchoCanceller::EndBlock() noexcept {
  at_ = 0;
  std::memcpy(state_.loudspeaker,
              loudspeaker_.data() + loudspeaker_.size() - 2 * kBlock,
              sizeof state_.loudspeaker);
  const bool adapt = whole_ && !clipped_;
  kernels_->echo_update(SharedEchoTables(), adapt, &state_);
  delay_.Take(state_.spectra + state_.newest * EchoState::kSpectrum, state_.microphone,
              silent_samples_ < kBlock);
  echo_power_ = kShareKept * echo_power_ + (1 - kShareKept) * state_.echo_power;
  expected_error_power_ = kShareKept * expected_error_power_ +
                          (1 - kShareKept) * state_.expected_error_power;
  played_microphone_ *= kErleKept;
  played_output_ *= kErleKept;
  if (worse_samples_ > kWorseSamples &&
      delay_.found()) {  // another delay, or another room
    Forget();
    delay_.Reset();
    n_remembered_ = worse_samples_ = 0;
  }
  Remember();
  if (silent_samples_ >= kBlock) {
    // A silent loudspeaker gives no information about the delay.
  } else if (delay_.found()) {
    const size_t delay_blocks = delay_.Choose(state_.delay_blocks);
    // The volume may have been turned up: more can be learnt than was expected.
    const float power = kGainMargin * delay_.gain(delay_blocks);
    if (power > kGainRise * prior_[0]) {
      ExpectGain(power);
    }
    if (delay_blocks != state_.delay_blocks) {
      MoveDelay(delay_blocks);
    }
  } else {
    const size_t delay_blocks = delay_.Choose(state_.delay_blocks);
    if (delay_.found()) {
      Replay(delay_blocks);
    }
  }
  kernels_->echo_predict(SharedEchoTables(), &state_);
  std::memmove(loudspeaker_.data(), loudspeaker_.data() + kBlock,
               (loudspeaker_.size() - kBlock) * sizeof(float));
  whole_ = true;
  clipped_ = false;
  idle_ = silent_samples_ >= state_.n_spectra * kBlock + kBlock;
}

// Keeps the block for Replay.
void EchoCanceller::Remember() noexcept {
  float* block = memory_.data() + n_remembered_ % kMostRemembered * 2 * kBlock;
  std::memcpy(block, state_.loudspeaker + kBlock, kBlock * sizeof(float));
  for (size_t i = 0; i < kBlock; ++i) {
    block[kBlock + i] = state_.error[i] + state_.echo[i];
  }
  ++n_remembered_;
}

// Adapts again on the blocks from before the delay was known. The first sound after
// silence is the most useful: only one partition can explain its echo.
void EchoCanceller::Replay(size_t delay_blocks) noexcept {
  ExpectGain(kGainMargin * delay_.gain(delay_blocks));
  Forget();
  std::fill(spectra_.begin(), spectra_.end(), 0.0F);
  std::fill(loudspeaker_.begin(), loudspeaker_.end(), 0.0F);
  state_.delay_blocks = delay_blocks;
  const size_t n = std::min(n_remembered_, kMostRemembered);
  for (size_t i = n_remembered_ - n; i < n_remembered_; ++i) {
    const float* block = memory_.data() + i % kMostRemembered * 2 * kBlock;
    std::memmove(loudspeaker_.data(), loudspeaker_.data() + kBlock,
                 (loudspeaker_.size() - kBlock) * sizeof(float));
    float* newest = loudspeaker_.data() + loudspeaker_.size() - kBlock;
    std::memcpy(newest, block, kBlock * sizeof(float));
    std::memcpy(state_.loudspeaker, newest - kBlock, sizeof state_.loudspeaker);
    kernels_->echo_fir(state_.head, newest - delay_blocks * kBlock, kBlock,
                       state_.echo);
    for (size_t j = 0; j < kBlock; ++j) {
      state_.echo[j] += state_.tail[j];
      state_.error[j] = block[kBlock + j] - state_.echo[j];
    }
    kernels_->echo_update(SharedEchoTables(), true, &state_);
    kernels_->echo_predict(SharedEchoTables(), &state_);
  }
}

// Moves the filter to another delay and keeps its taps.
void EchoCanceller::MoveDelay(size_t delay_blocks) noexcept {
  const size_t n = state_.n_partitions;
  const auto copy = [this](size_t to, size_t from) {
    std::copy_n(weights_.data() + from * EchoState::kSpectrum, EchoState::kSpectrum,
                weights_.data() + to * EchoState::kSpectrum);
  };
  const auto clear = [this](size_t p) {
    std::fill_n(weights_.data() + p * EchoState::kSpectrum, EchoState::kSpectrum, 0.0F);
  };
  if (delay_blocks > state_.delay_blocks) {
    const size_t by = std::min(n, delay_blocks - state_.delay_blocks);
    for (size_t p = 0; p < n; ++p) {
      p + by < n ? copy(p, p + by) : clear(p);
    }
  } else {
    const size_t by = std::min(n, state_.delay_blocks - delay_blocks);
    for (size_t p = n; p-- > 0;) {
      p >= by ? copy(p, p - by) : clear(p);
    }
  }
  state_.delay_blocks = delay_blocks;
  Doubt();
}

float EchoCanceller::erle_db() const noexcept {
  if (played_microphone_ <= 0) {
    return 0;
  }
  return static_cast<float>(10 * std::log10(played_microphone_ / (played_output_ + 1)));
}

bool EchoCanceller::converged() const noexcept {
  return echo_power_ > 0 && expected_error_power_ < kConvergedShare * echo_power_;
}

size_t EchoCanceller::delay_samples() const noexcept {
  const size_t row = EchoState::kRow;
  size_t strongest = 0;
  float most = 0;
  for (size_t p = 0; p < state_.n_partitions; ++p) {
    const float* w = weights_.data() + p * EchoState::kSpectrum;
    float sum = 0;
    for (size_t k = 0; k < 2 * row; ++k) {
      sum += w[k] * w[k];
    }
    if (sum > most) {
      most = sum;
      strongest = p;
    }
  }
  // Its taps, by the definition of the transform: this is asked now and then.
  const float* w = weights_.data() + strongest * EchoState::kSpectrum;
  size_t peak = 0;
  double highest = 0;
  for (size_t n = 0; n < kBlock; ++n) {
    double tap = 0.5 * static_cast<double>(w[0]);
    for (size_t k = 1; k < EchoState::kBins; ++k) {
      const double angle =
          kTwoPi * static_cast<double>(k * n % EchoState::kPoints) / EchoState::kPoints;
      tap += static_cast<double>(w[k]) * std::cos(angle) -
             static_cast<double>(w[row + k]) * std::sin(angle);
    }
    if (std::abs(tap) > highest) {
      highest = std::abs(tap);
      peak = n;
    }
  }
  return (state_.delay_blocks + strongest) * kBlock + peak;
}

size_t EchoCanceller::nbytes() const noexcept {
  const size_t floats = spectra_.size() + weights_.size() + covariance_.size() +
                        prior_.size() + loudspeaker_.size() + memory_.size();
  return sizeof(*this) + floats * sizeof(float) + delay_.nbytes();
}

}  // namespace pww

#pragma once

#include <memory>

#include "base/busy_flag.h"
#include "detect/endpointer.h"
#include "detect/spotter.h"
#include "dsp/echo_canceller.h"
#include "include/pywakeword.h"
#include "nn/model.h"

struct pww_model {
  std::shared_ptr<const pww::Model> core;
  size_t n_keywords = 0;
};

struct pww_spotter {
  std::unique_ptr<pww::Spotter> core;
  pww::BusyFlag busy;
  // The output with the detections of the last call; null if it had none.
  const pww::Spotter::Output* output = nullptr;
};

struct pww_vad {
  std::shared_ptr<const pww::Model> core;
};

struct pww_endpointer {
  std::unique_ptr<pww::Endpointer> core;
  pww::BusyFlag busy;
  // The events of the last call.
  const pww::EndpointEvent* events = nullptr;
  size_t n_events = 0;
};

struct pww_echo_canceller {
  pww_echo_canceller(const pww::Kernels* kernels, size_t tail_ms, size_t max_delay_ms)
      : core(kernels, tail_ms, max_delay_ms) {}

  pww::EchoCanceller core;
  pww::BusyFlag busy;
};

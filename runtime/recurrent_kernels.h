// One step of a recurrent layer for one sample, once a target: gates, states and their gradients.
#ifndef FALLOW_RUNTIME_RECURRENT_KERNELS_H_
#define FALLOW_RUNTIME_RECURRENT_KERNELS_H_

#include <cstddef>

#include "fallow/target.h"

namespace fallow::nn {

// All arrays are of `units` numbers, of which gates has four times as many. The same bits on every target.
struct LstmForwardRow {
  std::size_t units;
  float* gates;            // In: x W_i^T. Out: i, f, g, o.
  const float* recurrent;  // h W_h^T, as gates.
  const float* bias_ih;
  const float* bias_hh;
  const float* c_before;
  float* c;
  float* tanh_c;
  float* h;
};

struct LstmBackwardRow {
  std::size_t units;
  float* gates;  // In: i, f, g, o. Out: the gradients of what they were made of.
  const float* c_before;
  const float* tanh_c;
  const float* dh;
  float* dc;  // In: of c, from the steps behind. Out: of c_before.
};

struct GruForwardRow {
  std::size_t units;
  float* gates;            // In: x W_i^T for r, z, n. Out: r, z, n, and h W_hn^T + b_hn.
  const float* recurrent;  // h W_h^T for r, z, n.
  const float* bias_ih;
  const float* bias_hh;
  const float* h_before;
  float* h;
};

struct GruBackwardRow {
  std::size_t units;
  float* gates;  // In: as above. Out: the gradients of what r, z, n were made of, and of h W_hn^T.
  const float* h_before;
  const float* dh;
  float* dh_before;  // Gets what goes past the gates added.
};

struct RecurrentKernels {
  void (*lstm_forward)(const LstmForwardRow& row);
  void (*lstm_backward)(const LstmBackwardRow& row);
  void (*gru_forward)(const GruForwardRow& row);
  void (*gru_backward)(const GruBackwardRow& row);
};

const RecurrentKernels& RecurrentKernelsFor(Target target) noexcept;

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_RECURRENT_KERNELS_H_

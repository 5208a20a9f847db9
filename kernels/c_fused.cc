#include "fallow/dropout_norm.h"
#include "fallow/fused.h"
#include "fallow/softmax_dropout.h"
#include "kernels/c_api.h"

namespace fallow::c_api {
namespace {

ActivationFunction ToCpp(const fallow_activation& a) { return {ToEnum<Activation>(a.function), a.negative_slope}; }

// A float a column; of a null pointer none, which the callee takes for the wrong number.
template <class Float>
std::span<Float> Columns(Float* values, std::size_t cols) {
  return {values, values == nullptr ? 0 : cols};
}

// The status of call(options, mask, execution), or what was wrong before.
template <class Function>
fallow_status WithSoftmax(float scale, const fallow_attention* c, const fallow_mask* mask,
                          const fallow_execution* execution, const Function& call) {
  SoftmaxOptions options = {.scale = scale};
  if (c != nullptr) {
    if (const Status status = CheckReserved(c->reserved); !status.ok()) return ToC(status);
    options.queries = c->queries;
    options.first_query = c->first_query;
    options.attended = {c->attended, c->attended_bytes};
  }
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) { return call(options, m, e); });
}

}  // namespace
}  // namespace fallow::c_api

using namespace fallow;         // NOLINT(google-build-using-namespace): the functions below are in no namespace.
using namespace fallow::c_api;  // NOLINT(google-build-using-namespace)

fallow_status fallow_bias_activation_dropout_forward(fallow_const_array x, fallow_const_array bias,
                                                     fallow_activation activation, const fallow_mask* mask,
                                                     fallow_const_array residual, fallow_array y,
                                                     const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return BiasActivationDropoutForward(ToCpp(x), ToCpp(bias), ToCpp(activation), m, ToCpp(residual), ToCpp(y), e);
  });
}

fallow_status fallow_bias_activation_dropout_backward(fallow_const_array dy, fallow_const_array x,
                                                      fallow_const_array bias, fallow_activation activation,
                                                      const fallow_mask* mask, fallow_array dx, fallow_array dbias,
                                                      const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return BiasActivationDropoutBackward(ToCpp(dy), ToCpp(x), ToCpp(bias), ToCpp(activation), m, ToCpp(dx),
                                         ToCpp(dbias), e);
  });
}

fallow_status fallow_softmax_dropout_forward(fallow_const_array x, float scale, const fallow_attention* attention,
                                             const fallow_mask* mask, fallow_array y,
                                             const fallow_execution* execution) {
  return WithSoftmax(scale, attention, mask, execution,
                     [&](const SoftmaxOptions& o, const Mask& m, const Execution& e) {
                       return SoftmaxDropoutForward(ToCpp(x), o, m, ToCpp(y), e);
                     });
}

fallow_status fallow_softmax_dropout_backward(fallow_const_array x, fallow_const_array dy, float scale,
                                              const fallow_attention* attention, const fallow_mask* mask,
                                              fallow_array dx, const fallow_execution* execution) {
  return WithSoftmax(scale, attention, mask, execution,
                     [&](const SoftmaxOptions& o, const Mask& m, const Execution& e) {
                       return SoftmaxDropoutBackward(ToCpp(x), ToCpp(dy), o, m, ToCpp(dx), e);
                     });
}

fallow_status fallow_dropout_layer_norm_forward(fallow_const_array x, fallow_const_array residual,
                                                const fallow_mask* mask, const float* gamma, const float* beta,
                                                double eps, fallow_array z, fallow_array y,
                                                const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return DropoutLayerNormForward(ToCpp(x), ToCpp(residual), m, Columns(gamma, x.cols), Columns(beta, x.cols), eps,
                                   ToCpp(z), ToCpp(y), e);
  });
}

fallow_status fallow_dropout_rms_norm_forward(fallow_const_array x, fallow_const_array residual,
                                              const fallow_mask* mask, const float* gamma, double eps, fallow_array z,
                                              fallow_array y, const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return DropoutRmsNormForward(ToCpp(x), ToCpp(residual), m, Columns(gamma, x.cols), eps, ToCpp(z), ToCpp(y), e);
  });
}

fallow_status fallow_dropout_layer_norm_backward(fallow_const_array dy, fallow_const_array dz, fallow_const_array z,
                                                 const fallow_mask* mask, const float* gamma, double eps,
                                                 fallow_array dx, fallow_array dresidual, float* dgamma, float* dbeta,
                                                 const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return DropoutLayerNormBackward(ToCpp(dy), ToCpp(dz), ToCpp(z), m, Columns(gamma, dy.cols), eps, ToCpp(dx),
                                    ToCpp(dresidual), Columns(dgamma, dy.cols), Columns(dbeta, dy.cols), e);
  });
}

fallow_status fallow_dropout_rms_norm_backward(fallow_const_array dy, fallow_const_array dz, fallow_const_array z,
                                               const fallow_mask* mask, const float* gamma, double eps, fallow_array dx,
                                               fallow_array dresidual, float* dgamma,
                                               const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return DropoutRmsNormBackward(ToCpp(dy), ToCpp(dz), ToCpp(z), m, Columns(gamma, dy.cols), eps, ToCpp(dx),
                                  ToCpp(dresidual), Columns(dgamma, dy.cols), e);
  });
}

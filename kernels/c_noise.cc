#include "fallow/concrete_dropout.h"
#include "fallow/gaussian.h"
#include "fallow/random.h"
#include "kernels/c_api.h"

using namespace fallow;         // NOLINT(google-build-using-namespace): the functions below are in no namespace.
using namespace fallow::c_api;  // NOLINT(google-build-using-namespace)

fallow_status fallow_generate_uniform_bits(fallow_mask_key key, uint32_t* words, size_t count,
                                           const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) {
    return GenerateUniformBits(k, {words, count}, e);
  });
}

fallow_status fallow_generate_uniforms(fallow_mask_key key, fallow_array u, const fallow_execution* execution) {
  return WithKey(key, execution,
                 [&](const MaskKey& k, const Execution& e) { return GenerateUniforms(k, ToCpp(u), e); });
}

fallow_status fallow_generate_normals(fallow_mask_key key, fallow_array z, const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) { return GenerateNormals(k, ToCpp(z), e); });
}

fallow_status fallow_gaussian_noise(fallow_const_array x, double stddev, fallow_mask_key key, fallow_array y,
                                    const fallow_execution* execution) {
  return WithKey(key, execution,
                 [&](const MaskKey& k, const Execution& e) { return GaussianNoise(ToCpp(x), stddev, k, ToCpp(y), e); });
}

fallow_status fallow_gaussian_dropout_forward(fallow_const_array x, fallow_rate rate, fallow_mask_key key,
                                              fallow_array y, const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) {
    return GaussianDropoutForward(ToCpp(x), ToCpp(rate), k, ToCpp(y), e);
  });
}

fallow_status fallow_gaussian_dropout_backward(fallow_const_array dy, fallow_rate rate, fallow_mask_key key,
                                               fallow_array dx, const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) {
    return GaussianDropoutBackward(ToCpp(dy), ToCpp(rate), k, ToCpp(dx), e);
  });
}

fallow_status fallow_concrete_dropout_forward(fallow_const_array x, fallow_concrete_rate rate, fallow_mask_key key,
                                              fallow_array y, const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) {
    return ConcreteDropoutForward(ToCpp(x), {rate.p, rate.temperature}, k, ToCpp(y), e);
  });
}

fallow_status fallow_concrete_dropout_backward(fallow_const_array x, fallow_const_array dy, fallow_concrete_rate rate,
                                               fallow_mask_key key, fallow_array dx, double* dp,
                                               const fallow_execution* execution) {
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) {
    return ConcreteDropoutBackward(ToCpp(x), ToCpp(dy), {rate.p, rate.temperature}, k, ToCpp(dx), dp, e);
  });
}

#include "fallow/alpha_dropout.h"
#include "fallow/drop_block.h"
#include "fallow/dropout.h"
#include "fallow/monte_carlo.h"
#include "fallow/zoneout.h"
#include "kernels/c_api.h"

namespace fallow::c_api {
namespace {

Status CheckShape(const fallow_drop_block_shape* c) {
  if (const Status status = CheckAddress("shape", c); !status.ok()) return status;
  if (c->reserved_share != 0) return Status::Invalid("reserved_share", c->reserved_share, "zero");
  return CheckReserved(c->reserved);
}

// The status of call(shape, key, execution), or what was wrong before.
template <class Function>
fallow_status WithShape(const fallow_drop_block_shape* c, const fallow_mask_key& key, const fallow_execution* execution,
                        const Function& call) {
  if (const Status status = CheckShape(c); !status.ok()) return ToC(status);
  const DropBlockShape shape = {.samples = c->samples,
                                .channels = c->channels,
                                .height = c->height,
                                .width = c->width,
                                .block_height = c->block_height,
                                .block_width = c->block_width,
                                .channels_share = c->channels_share != 0};
  return WithKey(key, execution, [&](const MaskKey& k, const Execution& e) { return call(shape, k, e); });
}

}  // namespace
}  // namespace fallow::c_api

using namespace fallow;         // NOLINT(google-build-using-namespace): the functions below are in no namespace.
using namespace fallow::c_api;  // NOLINT(google-build-using-namespace)

fallow_status fallow_dropout_forward(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                     const fallow_execution* execution) {
  return WithMask(mask, execution,
                  [&](const Mask& m, const Execution& e) { return DropoutForward(ToCpp(x), m, ToCpp(y), e); });
}

fallow_status fallow_dropout_forward_store(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                           fallow_mask_format format, uint8_t* stored, size_t stored_bytes,
                                           const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return DropoutForwardStore(ToCpp(x), m, ToCpp(y), ToEnum<MaskFormat>(format), {stored, stored_bytes}, e);
  });
}

fallow_status fallow_dropout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array dx,
                                      const fallow_execution* execution) {
  return WithMask(mask, execution,
                  [&](const Mask& m, const Execution& e) { return DropoutBackward(ToCpp(dy), m, ToCpp(dx), e); });
}

fallow_status fallow_dropout_accumulate(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                        const fallow_execution* execution) {
  return WithMask(mask, execution,
                  [&](const Mask& m, const Execution& e) { return DropoutAccumulate(ToCpp(x), m, ToCpp(y), e); });
}

fallow_status fallow_dropout_inference(fallow_const_array x, fallow_rate rate, fallow_array y,
                                       const fallow_execution* execution) {
  return WithExecution(execution,
                       [&](const Execution& e) { return DropoutInference(ToCpp(x), ToCpp(rate), ToCpp(y), e); });
}

fallow_status fallow_alpha_dropout_forward(fallow_const_array x, const fallow_mask* mask, fallow_array y,
                                           const fallow_execution* execution) {
  return WithMask(mask, execution,
                  [&](const Mask& m, const Execution& e) { return AlphaDropoutForward(ToCpp(x), m, ToCpp(y), e); });
}

fallow_status fallow_alpha_dropout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array dx,
                                            const fallow_execution* execution) {
  return WithMask(mask, execution,
                  [&](const Mask& m, const Execution& e) { return AlphaDropoutBackward(ToCpp(dy), m, ToCpp(dx), e); });
}

fallow_status fallow_zoneout_forward(fallow_const_array current, fallow_const_array previous, const fallow_mask* mask,
                                     fallow_array y, const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return ZoneoutForward(ToCpp(current), ToCpp(previous), m, ToCpp(y), e);
  });
}

fallow_status fallow_zoneout_backward(fallow_const_array dy, const fallow_mask* mask, fallow_array d_current,
                                      fallow_array d_previous, const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return ZoneoutBackward(ToCpp(dy), m, ToCpp(d_current), ToCpp(d_previous), e);
  });
}

fallow_status fallow_zoneout_inference(fallow_const_array current, fallow_const_array previous, fallow_rate rate,
                                       fallow_array y, const fallow_execution* execution) {
  return WithExecution(execution, [&](const Execution& e) {
    return ZoneoutInference(ToCpp(current), ToCpp(previous), ToCpp(rate), ToCpp(y), e);
  });
}

fallow_status fallow_drop_block_forward(fallow_const_array x, const fallow_drop_block_shape* shape, fallow_rate rate,
                                        fallow_mask_key key, fallow_array y, const fallow_execution* execution) {
  return WithShape(shape, key, execution, [&](const DropBlockShape& s, const MaskKey& k, const Execution& e) {
    return DropBlockForward(ToCpp(x), s, ToCpp(rate), k, ToCpp(y), e);
  });
}

fallow_status fallow_drop_block_backward(fallow_const_array dy, const fallow_drop_block_shape* shape, fallow_rate rate,
                                         fallow_mask_key key, fallow_array dx, const fallow_execution* execution) {
  return WithShape(shape, key, execution, [&](const DropBlockShape& s, const MaskKey& k, const Execution& e) {
    return DropBlockBackward(ToCpp(dy), s, ToCpp(rate), k, ToCpp(dx), e);
  });
}

fallow_status fallow_generate_drop_block_mask(const fallow_drop_block_shape* shape, fallow_rate rate,
                                              fallow_mask_key key, fallow_mask_format format, uint8_t* stored,
                                              size_t stored_bytes, const fallow_execution* execution) {
  return WithShape(shape, key, execution, [&](const DropBlockShape& s, const MaskKey& k, const Execution& e) {
    return GenerateDropBlockMask(s, ToCpp(rate), k, ToEnum<MaskFormat>(format), {stored, stored_bytes}, e);
  });
}

fallow_status fallow_monte_carlo_forward(fallow_const_array x, const fallow_mask* mask, size_t samples, fallow_array y,
                                         const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return MonteCarloForward(ToCpp(x), m, samples, ToCpp(y), e);
  });
}

fallow_status fallow_welford_update(fallow_const_array sample, size_t count_before, fallow_array mean, fallow_array m2,
                                    const fallow_execution* execution) {
  return WithExecution(execution, [&](const Execution& e) {
    return WelfordUpdate(ToCpp(sample), count_before, ToCpp(mean), ToCpp(m2), e);
  });
}

fallow_status fallow_welford_variance(fallow_const_array m2, size_t divisor, fallow_array variance,
                                      const fallow_execution* execution) {
  return WithExecution(execution,
                       [&](const Execution& e) { return WelfordVariance(ToCpp(m2), divisor, ToCpp(variance), e); });
}

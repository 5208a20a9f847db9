#include "tests/kernels/c_functions.h"

#include <cmath>

#include "fallow/alpha_dropout.h"
#include "fallow/concrete_dropout.h"
#include "fallow/drop_block.h"
#include "fallow/dropout.h"
#include "fallow/dropout_norm.h"
#include "fallow/fused.h"
#include "fallow/gaussian.h"
#include "fallow/monte_carlo.h"
#include "fallow/random.h"
#include "fallow/softmax_dropout.h"
#include "fallow/zoneout.h"

namespace fallow::test {
namespace {

using O = COutputs;
using E = Execution;
using CE = const fallow_execution*;
using Values = std::vector<float>;

Values Input(std::size_t count, float shift) {
  Values x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i) + shift);
  return x;
}

const Values x = Input(kCCount, 0), z = Input(kCCount, 1), dy = Input(kCCount, 2), dz = Input(kCCount, 3);
const Values gamma = Input(kCCols, 4), beta = Input(kCCols, 5);
const std::vector<std::uint8_t> attended = [] {  // The batch's only entry lacks two keys.
  std::vector<std::uint8_t> all(kCCols, 1);
  all[0] = all[3] = 0;
  return all;
}();

const Rate rate(0.3, Scaling::kAtInference);
const fallow_rate rate_c = {0.3, FALLOW_SCALE_AT_INFERENCE};
const MaskKey key = {.seed = 7, .stream = 9, .first_element = 13, .rounds = Rounds::k7};
const fallow_mask_key key_c = {7, 9, 13, FALLOW_ROUNDS_7, FALLOW_STREAM_FALLOW, {}};
const Mask mask(Rate(0.3), key);
const fallow_mask mask_c = fallow_mask_from_key(0.3, key_c);

ConstArray In(const Values& v) { return {v.data(), kCRows, kCCols, kCCols}; }
Array Out(Values& v) { return {v.data(), v.size() / kCCols, kCCols, kCCols}; }
fallow_const_array CIn(const Values& v) { return {v.data(), kCRows, kCCols, kCCols, FALLOW_F32}; }
fallow_array COut(Values& v) { return {v.data(), v.size() / kCCols, kCCols, kCCols, FALLOW_F32}; }

const ActivationFunction leaky(Activation::kLeakyReLU, 0.25f);
const fallow_activation leaky_c = {FALLOW_LEAKY_RELU, 0.25f};

const SoftmaxOptions causal = {.scale = 0.5f, .queries = kCRows / 2, .first_query = 3, .attended = attended};
const fallow_attention causal_c = {kCRows / 2, 3, attended.data(), attended.size(), {}};

constexpr DropBlockShape shape = {.samples = 2,
                                  .channels = 3,
                                  .height = 10,
                                  .width = 12,
                                  .block_height = 3,
                                  .block_width = 2,
                                  .channels_share = true};
constexpr fallow_drop_block_shape shape_c = {2, 3, 10, 12, 3, 2, 1, 0, {}};
static_assert(shape.size() == kCCount);

constexpr ConcreteRate concrete = {.p = 0.3, .temperature = 0.2};
constexpr fallow_concrete_rate concrete_c = {0.3, 0.2};

const CFunction kFunctions[] = {
    {"GenerateMask", [](O& o, const E& e) { return GenerateMask(mask, kCCount, MaskFormat::kBits, o.bits, e); },
     [](O& o, CE e) {
       return fallow_generate_mask(&mask_c, kCCount, FALLOW_MASK_BITS, o.bits.data(), o.bits.size(), e);
     }},
    {"CountKept", [](O& o, const E& e) { return CountKept(mask, kCCount, &o.kept, e); },
     [](O& o, CE e) { return fallow_count_kept(&mask_c, kCCount, &o.kept, e); }},
    {"DropoutForward", [](O& o, const E& e) { return DropoutForward(In(x), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_dropout_forward(CIn(x), &mask_c, COut(o.a), e); }},
    {"DropoutForwardStore",
     [](O& o, const E& e) { return DropoutForwardStore(In(x), mask, Out(o.a), MaskFormat::kBits, o.bits, e); },
     [](O& o, CE e) {
       return fallow_dropout_forward_store(CIn(x), &mask_c, COut(o.a), FALLOW_MASK_BITS, o.bits.data(), o.bits.size(),
                                           e);
     }},
    {"DropoutBackward", [](O& o, const E& e) { return DropoutBackward(In(dy), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_dropout_backward(CIn(dy), &mask_c, COut(o.a), e); }},
    {"DropoutAccumulate", [](O& o, const E& e) { return DropoutAccumulate(In(x), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_dropout_accumulate(CIn(x), &mask_c, COut(o.a), e); }},
    {"DropoutInference", [](O& o, const E& e) { return DropoutInference(In(x), rate, Out(o.a), e); },
     [](O& o, CE e) { return fallow_dropout_inference(CIn(x), rate_c, COut(o.a), e); }},
    {"AlphaDropoutForward", [](O& o, const E& e) { return AlphaDropoutForward(In(x), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_alpha_dropout_forward(CIn(x), &mask_c, COut(o.a), e); }},
    {"AlphaDropoutBackward", [](O& o, const E& e) { return AlphaDropoutBackward(In(dy), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_alpha_dropout_backward(CIn(dy), &mask_c, COut(o.a), e); }},
    {"ZoneoutForward", [](O& o, const E& e) { return ZoneoutForward(In(x), In(z), mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_zoneout_forward(CIn(x), CIn(z), &mask_c, COut(o.a), e); }},
    {"ZoneoutBackward", [](O& o, const E& e) { return ZoneoutBackward(In(dy), mask, Out(o.a), Out(o.b), e); },
     [](O& o, CE e) { return fallow_zoneout_backward(CIn(dy), &mask_c, COut(o.a), COut(o.b), e); }},
    {"ZoneoutInference", [](O& o, const E& e) { return ZoneoutInference(In(x), In(z), rate, Out(o.a), e); },
     [](O& o, CE e) { return fallow_zoneout_inference(CIn(x), CIn(z), rate_c, COut(o.a), e); }},
    {"DropBlockForward", [](O& o, const E& e) { return DropBlockForward(In(x), shape, rate, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_drop_block_forward(CIn(x), &shape_c, rate_c, key_c, COut(o.a), e); }},
    {"DropBlockBackward", [](O& o, const E& e) { return DropBlockBackward(In(dy), shape, rate, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_drop_block_backward(CIn(dy), &shape_c, rate_c, key_c, COut(o.a), e); }},
    {"GenerateDropBlockMask",
     [](O& o, const E& e) { return GenerateDropBlockMask(shape, rate, key, MaskFormat::kBits, o.bits, e); },
     [](O& o, CE e) {
       return fallow_generate_drop_block_mask(&shape_c, rate_c, key_c, FALLOW_MASK_BITS, o.bits.data(), o.bits.size(),
                                              e);
     }},
    {"MonteCarloForward", [](O& o, const E& e) { return MonteCarloForward(In(x), mask, kCSamples, Out(o.samples), e); },
     [](O& o, CE e) { return fallow_monte_carlo_forward(CIn(x), &mask_c, kCSamples, COut(o.samples), e); }},
    {"WelfordUpdate", [](O& o, const E& e) { return WelfordUpdate(In(x), 4, Out(o.a), Out(o.b), e); },
     [](O& o, CE e) { return fallow_welford_update(CIn(x), 4, COut(o.a), COut(o.b), e); }},
    {"WelfordVariance", [](O& o, const E& e) { return WelfordVariance(In(x), 4, Out(o.a), e); },
     [](O& o, CE e) { return fallow_welford_variance(CIn(x), 4, COut(o.a), e); }},
    {"BiasActivationDropoutForward",
     [](O& o, const E& e) { return BiasActivationDropoutForward(In(x), beta, leaky, mask, In(z), Out(o.a), e); },
     [](O& o, CE e) {
       const fallow_const_array bias = fallow_const_elements(beta.data(), FALLOW_F32, kCCols);
       return fallow_bias_activation_dropout_forward(CIn(x), bias, leaky_c, &mask_c, CIn(z), COut(o.a), e);
     }},
    {"BiasActivationDropoutBackward",
     [](O& o, const E& e) {
       return BiasActivationDropoutBackward(In(dy), In(x), beta, leaky, mask, Out(o.a), o.row, e);
     },
     [](O& o, CE e) {
       const fallow_const_array bias = fallow_const_elements(beta.data(), FALLOW_F32, kCCols);
       const fallow_array dbias = fallow_elements(o.row.data(), FALLOW_F32, kCCols);
       return fallow_bias_activation_dropout_backward(CIn(dy), CIn(x), bias, leaky_c, &mask_c, COut(o.a), dbias, e);
     }},
    {"SoftmaxDropoutForward", [](O& o, const E& e) { return SoftmaxDropoutForward(In(x), causal, mask, Out(o.a), e); },
     [](O& o, CE e) { return fallow_softmax_dropout_forward(CIn(x), 0.5f, &causal_c, &mask_c, COut(o.a), e); }},
    {"SoftmaxDropoutBackward",
     [](O& o, const E& e) { return SoftmaxDropoutBackward(In(x), In(dy), causal, mask, Out(o.a), e); },
     [](O& o, CE e) {
       return fallow_softmax_dropout_backward(CIn(x), CIn(dy), 0.5f, &causal_c, &mask_c, COut(o.a), e);
     }},
    {"DropoutLayerNormForward",
     [](O& o, const E& e) {
       return DropoutLayerNormForward(In(x), In(z), mask, gamma, beta, 1e-3, Out(o.a), Out(o.b), e);
     },
     [](O& o, CE e) {
       return fallow_dropout_layer_norm_forward(CIn(x), CIn(z), &mask_c, gamma.data(), beta.data(), 1e-3, COut(o.a),
                                                COut(o.b), e);
     }},
    {"DropoutLayerNormBackward",
     [](O& o, const E& e) {
       return DropoutLayerNormBackward(In(dy), In(dz), In(z), mask, gamma, 1e-3, Out(o.a), Out(o.b), o.row, o.row2, e);
     },
     [](O& o, CE e) {
       return fallow_dropout_layer_norm_backward(CIn(dy), CIn(dz), CIn(z), &mask_c, gamma.data(), 1e-3, COut(o.a),
                                                 COut(o.b), o.row.data(), o.row2.data(), e);
     }},
    {"DropoutRmsNormForward",
     [](O& o, const E& e) { return DropoutRmsNormForward(In(x), In(z), mask, gamma, 1e-3, Out(o.a), Out(o.b), e); },
     [](O& o, CE e) {
       return fallow_dropout_rms_norm_forward(CIn(x), CIn(z), &mask_c, gamma.data(), 1e-3, COut(o.a), COut(o.b), e);
     }},
    {"DropoutRmsNormBackward",
     [](O& o, const E& e) {
       return DropoutRmsNormBackward(In(dy), In(dz), In(z), mask, gamma, 1e-3, Out(o.a), Out(o.b), o.row, e);
     },
     [](O& o, CE e) {
       return fallow_dropout_rms_norm_backward(CIn(dy), CIn(dz), CIn(z), &mask_c, gamma.data(), 1e-3, COut(o.a),
                                               COut(o.b), o.row.data(), e);
     }},
    {"GaussianNoise", [](O& o, const E& e) { return GaussianNoise(In(x), 0.5, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_gaussian_noise(CIn(x), 0.5, key_c, COut(o.a), e); }},
    {"GaussianDropoutForward", [](O& o, const E& e) { return GaussianDropoutForward(In(x), rate, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_gaussian_dropout_forward(CIn(x), rate_c, key_c, COut(o.a), e); }},
    {"GaussianDropoutBackward",
     [](O& o, const E& e) { return GaussianDropoutBackward(In(dy), rate, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_gaussian_dropout_backward(CIn(dy), rate_c, key_c, COut(o.a), e); }},
    {"ConcreteDropoutForward",
     [](O& o, const E& e) { return ConcreteDropoutForward(In(x), concrete, key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_concrete_dropout_forward(CIn(x), concrete_c, key_c, COut(o.a), e); }},
    {"ConcreteDropoutBackward",
     [](O& o, const E& e) { return ConcreteDropoutBackward(In(x), In(dy), concrete, key, Out(o.a), &o.dp, e); },
     [](O& o, CE e) {
       return fallow_concrete_dropout_backward(CIn(x), CIn(dy), concrete_c, key_c, COut(o.a), &o.dp, e);
     }},
    {"GenerateUniformBits", [](O& o, const E& e) { return GenerateUniformBits(key, o.words, e); },
     [](O& o, CE e) { return fallow_generate_uniform_bits(key_c, o.words.data(), o.words.size(), e); }},
    {"GenerateUniforms", [](O& o, const E& e) { return GenerateUniforms(key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_generate_uniforms(key_c, COut(o.a), e); }},
    {"GenerateNormals", [](O& o, const E& e) { return GenerateNormals(key, Out(o.a), e); },
     [](O& o, CE e) { return fallow_generate_normals(key_c, COut(o.a), e); }},
};

}  // namespace

std::span<const CFunction> CFunctions() { return kFunctions; }

std::string MessageOf(const fallow_status& status) {
  std::string text(fallow_status_message(status, nullptr, 0) + 1, '\0');
  text.resize(fallow_status_message(status, text.data(), text.size()));
  return text;
}

}  // namespace fallow::test

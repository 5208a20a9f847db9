#include "tests/kernels/profiled_functions.h"

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

using A = Arguments;
using B = Buffers;
using E = Execution;

DropBlockShape ShapeOf(const B& b) { return {.samples = b.rows, .height = 1, .width = b.cols, .block_width = 3}; }

// Of functions whose rate must be less than 1, or between 0 and 1, too.
Rate Below1(const A& a) { return a.rate.drop_probability() == 1 ? Rate(0.3) : a.rate; }
ConcreteRate Concrete(const A& a) { return {.p = a.valid ? 0.3 : -1.0}; }

constexpr ProfiledFunction kFunctions[] = {
    {"DropoutForward", [](B& b, const A& a, const E& e) { return DropoutForward(b.in(), a.mask(), b.out(), e); }},
    {"DropoutBackward", [](B& b, const A& a, const E& e) { return DropoutBackward(b.in(), a.mask(), b.out(), e); }},
    {"DropoutForwardStore",
     [](B& b, const A& a, const E& e) {
       return DropoutForwardStore(b.in(), a.mask(), b.out(), MaskFormat::kBytes, b.stored, e);
     }},
    {"DropoutAccumulate", [](B& b, const A& a, const E& e) { return DropoutAccumulate(b.in(), a.mask(), b.out(), e); }},
    {"DropoutInference",
     [](B& b, const A& a, const E& e) {
       return DropoutInference(b.in(), Rate(a.rate.drop_probability(), Scaling::kAtInference), b.out(), e);
     }},
    {"AlphaDropoutForward",
     [](B& b, const A& a, const E& e) { return AlphaDropoutForward(b.in(), a.mask(), b.out(), e); }},
    {"AlphaDropoutBackward",
     [](B& b, const A& a, const E& e) { return AlphaDropoutBackward(b.in(), a.mask(), b.out(), e); }},
    {"ZoneoutForward",
     [](B& b, const A& a, const E& e) { return ZoneoutForward(b.in(), b.in(), a.mask(), b.out(), e); }},
    {"ZoneoutBackward",
     [](B& b, const A& a, const E& e) { return ZoneoutBackward(b.in(), a.mask(), b.out(), b.out2(), e); }},
    {"ZoneoutInference",
     [](B& b, const A& a, const E& e) { return ZoneoutInference(b.in(), b.in(), a.rate, b.out(), e); },
     ProfiledFunction::kTyped, ProfiledFunction::kPlain},
    {"DropBlockForward",
     [](B& b, const A& a, const E& e) { return DropBlockForward(b.in(), ShapeOf(b), a.rate, a.key, b.out(), e); }},
    {"DropBlockBackward",
     [](B& b, const A& a, const E& e) { return DropBlockBackward(b.in(), ShapeOf(b), a.rate, a.key, b.out(), e); }},
    {"GenerateDropBlockMask",
     [](B& b, const A& a, const E& e) {
       return GenerateDropBlockMask(ShapeOf(b), a.rate, a.key, MaskFormat::kBytes, b.stored, e);
     },
     ProfiledFunction::kUntyped},
    {"GenerateMask",
     [](B& b, const A& a, const E& e) { return GenerateMask(a.mask(), b.size(), MaskFormat::kBytes, b.stored, e); },
     ProfiledFunction::kUntyped},
    {"CountKept", [](B& b, const A& a, const E& e) { return CountKept(a.mask(), b.size(), &b.kept, e); },
     ProfiledFunction::kUntyped},
    {"MonteCarloForward",
     [](B& b, const A& a, const E& e) {
       const Array samples(b.samples.data(), kSamples * b.rows, b.cols, b.cols);
       return MonteCarloForward(b.in(), a.mask(), kSamples, samples, e);
     }},
    {"WelfordUpdate",
     [](B& b, const A& a, const E& e) { return WelfordUpdate(b.in(), 0, b.out(), a.valid ? b.out2() : b.out(), e); },
     ProfiledFunction::kTyped, ProfiledFunction::kPlain},
    {"WelfordVariance",
     [](B& b, const A& a, const E& e) { return WelfordVariance(b.in(), a.valid ? 2 : 0, b.out(), e); },
     ProfiledFunction::kTyped, ProfiledFunction::kPlain},
    {"BiasActivationDropoutForward",
     [](B& b, const A& a, const E& e) {
       return BiasActivationDropoutForward(b.in(), b.row, Activation::kReLU, a.mask(), b.in(), b.out(), e);
     }},
    {"BiasActivationDropoutBackward",
     [](B& b, const A& a, const E& e) {
       return BiasActivationDropoutBackward(b.in(), b.in(), b.row, Activation::kReLU, a.mask(), b.out(), b.row_out, e);
     }},
    {"SoftmaxDropoutForward",
     [](B& b, const A& a, const E& e) { return SoftmaxDropoutForward(b.in(), {}, a.mask(), b.out(), e); }},
    {"SoftmaxDropoutBackward",
     [](B& b, const A& a, const E& e) { return SoftmaxDropoutBackward(b.in(), b.in(), {}, a.mask(), b.out(), e); }},
    {"DropoutLayerNormForward",
     [](B& b, const A& a, const E& e) {
       return DropoutLayerNormForward(b.in(), b.in(), a.mask(), b.row, b.row, 1e-5, b.out(), b.out2(), e);
     }},
    {"DropoutLayerNormBackward",
     [](B& b, const A& a, const E& e) {
       return DropoutLayerNormBackward(b.in(), {}, b.in(), a.mask(), b.row, 1e-5, b.out(), b.out2(), b.row_out,
                                       b.row_out2, e);
     }},
    {"DropoutRmsNormForward",
     [](B& b, const A& a, const E& e) {
       return DropoutRmsNormForward(b.in(), b.in(), a.mask(), b.row, 1e-5, b.out(), b.out2(), e);
     }},
    {"DropoutRmsNormBackward",
     [](B& b, const A& a, const E& e) {
       return DropoutRmsNormBackward(b.in(), {}, b.in(), a.mask(), b.row, 1e-5, b.out(), b.out2(), b.row_out, e);
     }},
    {"GaussianNoise", [](B& b, const A& a, const E& e) { return GaussianNoise(b.in(), 0.5, a.key, b.out(), e); }},
    {"GaussianDropoutForward",
     [](B& b, const A& a, const E& e) { return GaussianDropoutForward(b.in(), Below1(a), a.key, b.out(), e); }},
    {"GaussianDropoutBackward",
     [](B& b, const A& a, const E& e) { return GaussianDropoutBackward(b.in(), Below1(a), a.key, b.out(), e); }},
    {"ConcreteDropoutForward",
     [](B& b, const A& a, const E& e) { return ConcreteDropoutForward(b.in(), Concrete(a), a.key, b.out(), e); }},
    {"ConcreteDropoutBackward",
     [](B& b, const A& a, const E& e) {
       return ConcreteDropoutBackward(b.in(), b.in(), Concrete(a), a.key, b.out(), &b.dp, e);
     }},
    {"GenerateUniformBits", [](B& b, const A& a, const E& e) { return GenerateUniformBits(a.key, b.words, e); },
     ProfiledFunction::kUntyped},
    {"GenerateUniforms", [](B& b, const A& a, const E& e) { return GenerateUniforms(a.key, b.out(), e); }},
    {"GenerateNormals", [](B& b, const A& a, const E& e) { return GenerateNormals(a.key, b.out(), e); }},
};

}  // namespace

Buffers::Buffers(std::size_t row_count, std::size_t col_count)
    : rows(row_count),
      cols(col_count),
      input(size()),
      output(size(), 0.5f),
      output2(size(), 0.5f),
      samples(kSamples * size()),
      row(cols, 0.25f),
      row_out(cols),
      row_out2(cols),
      stored(size()),
      words(size()) {
  for (std::size_t i = 0; i < size(); ++i) input[i] = static_cast<float>(i % 97) - 40.0f;
}

std::span<const ProfiledFunction> ProfiledFunctions() { return kFunctions; }

}  // namespace fallow::test

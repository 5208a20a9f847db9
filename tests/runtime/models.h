// What tests of several layers ask of them.
#ifndef FALLOW_TESTS_RUNTIME_MODELS_H_
#define FALLOW_TESTS_RUNTIME_MODELS_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "fallow/nn/model.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {

// The list as its layers write it.
inline std::string Specs(std::string_view list) {
  std::string specs;
  for (const auto& layer : ParseLayers(list)) {
    if (!specs.empty()) specs += ',';
    specs += layer->Spec();
  }
  return specs;
}

// A forward and a backward pass in training, and what layers then keep, have the same bits on one thread and on two.
inline void ExpectSameOnAnyThreads(const std::string& layers, const Tensor& x) {
  SCOPED_TRACE(layers);
  Model one(x.sample_shape(), layers, 3), two(x.sample_shape(), layers, 3);
  const Tensor dy = RandomTensor(x.rows(), one.output_shape(), 2);
  const Pass pass{.mode = Mode::kTrain, .seed = 9, .execution = {.max_threads = 1, .target = {}}};
  Pass on_two = pass;
  on_two.execution.max_threads = 2;
  EXPECT_TRUE(test::SameBits(one.Forward(pass, x).values(), two.Forward(on_two, x).values()));
  one.Backward(pass, dy);
  two.Backward(on_two, dy);
  const auto first = one.parameters(), second = two.parameters();
  for (std::size_t p = 0; p < first.size(); ++p) {
    EXPECT_TRUE(test::SameBits(first[p].parameter->gradient.values(), second[p].parameter->gradient.values()))
        << first[p].name;
    EXPECT_TRUE(test::SameBits(first[p].parameter->value.values(), second[p].parameter->value.values()))
        << first[p].name;
  }
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_MODELS_H_

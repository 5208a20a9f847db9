// activity_regularization: its penalty's gradient, and nothing else.
#include <gtest/gtest.h>

#include "fallow/nn/model.h"
#include "tests/runtime/files.h"
#include "tests/runtime/gradient_check.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

TEST(ActivityRegularizationTest, Gradients) {
  for (const char* penalty : {":l1=0.5", ":l2=0.25", ":l1=0.5:l2=0.25"}) {
    const std::string layer = std::string("activity_regularization") + penalty;
    ExpectGradients({6}, "dense:9,tanh," + layer + ",dense:3", 5);
    ExpectGradients({6}, "dense:9,relu," + layer + ",dropout:0.5,dense:3," + layer, 150);
    ExpectGradients({6}, "dense:9,tanh,dropout:0.4," + layer + ",gelu,dense:3", 5);
  }
}

TEST(ActivityRegularizationTest, NothingOutsideOfTraining) {
  const Tensor x = RandomTensor(9, {6}, 1);
  Model with({6}, "dense:9,activity_regularization:l1=0.5,tanh", 1), without({6}, "dense:9,tanh", 1);
  for (const Mode mode : {Mode::kInfer, Mode::kTrain}) {
    EXPECT_TRUE(test::SameBits(with.Forward({.mode = mode}, x).values(), without.Forward({.mode = mode}, x).values()));
  }
}

TEST(ActivityRegularizationTest, TextForm) {
  for (const char* spec : {"activity_regularization", "activity_regularization:l1=0.5:l2=0.25"}) {
    EXPECT_EQ(ParseLayers(spec)[0]->Spec(), spec);
  }
  EXPECT_EQ(ErrorOf([] { ParseLayers("activity_regularization:l1=-1"); }),
            "layer 1 \"activity_regularization:l1=-1\": activity_regularization: l1 is -1, expected a number >= 0");
  EXPECT_EQ(ErrorOf([] { ParseLayers("activity_regularization:0.1"); }),
            "layer 1 \"activity_regularization:0.1\": got \"0.1\", expected l1=X or l2=X");
}

}  // namespace
}  // namespace fallow::nn

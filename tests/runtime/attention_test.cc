#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fallow/nn/monte_carlo.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr const char* kModels[] = {"attention:2,dense:3", "dense_last:8:relu,attention:4:dropout=0.4:causal=1,dense:3",
                                   "attention:1:dropout=0.3,attention:8:dropout=0.2:bias=0,dense_last:3"};
const Shape kSample{6, 8};
constexpr std::size_t kRows = 150;  // Two blocks.

TEST(AttentionTest, EqualsTheReference) {
  const Tensor x = RandomTensor(kRows, kSample, 1);
  for (const char* list : kModels) {
    Model model(kSample, list, 3);
    const reference::Network expected(model);
    for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
      const Pass pass{.mode = mode, .seed = 9, .step = 5, .first_row = 11};
      const Tensor& y = model.Forward(pass, x);
      for (const std::size_t r : {std::size_t{0}, std::size_t{1}, kRows - 1}) {
        const reference::Row row = expected.Forward(pass, r, reference::Rows(x)[r]);
        for (std::size_t j = 0; j < row.size(); ++j) ASSERT_NEAR(y.row(r)[j], row[j], 1e-5) << list;
      }
    }
  }
}

TEST(AttentionTest, IsTheSameOnAnyThreads) {
  for (const char* list : kModels) ExpectSameOnAnyThreads(list, RandomTensor(kRows, kSample, 1));
}

using AttentionTargetTest = test::TargetTest;
FALLOW_TEST_EVERY_TARGET(AttentionTargetTest);

// Alone, in a batch, and on every target.
TEST_P(AttentionTargetTest, PredictionsAreTheSame) {
  const Tensor x = RandomTensor(2, kSample, 5), others = RandomTensor(40, kSample, 6);
  for (const char* list : kModels) {
    const Model model(kSample, list, 4);
    const McRequest request{.x = &x, .samples = 7, .seed = 3}, other{.x = &others, .samples = 5, .seed = 2};
    const McRequest plain{.x = &x};
    const std::vector<McRequest> batch = {other, plain, request};
    const Loss loss = Loss::kMeanSquaredError;
    const auto alone = PredictMonteCarlo(model, {&request, 1}, loss);
    const auto together = PredictMonteCarlo(model, batch, loss, {}, {.max_threads = 2, .target = GetParam()});
    EXPECT_TRUE(test::SameBits(alone[0].mean.values(), together[2].mean.values()));
    EXPECT_TRUE(test::SameBits(alone[0].standard_deviation.values(), together[2].standard_deviation.values()));
    EXPECT_TRUE(
        test::SameBits(PredictMonteCarlo(model, {&plain, 1}, loss)[0].mean.values(), together[1].mean.values()));
    // Without dropout of its own there is no rate to replace.
    const auto rate = PredictMonteCarlo(model, {&request, 1}, loss, Rate(0.9));
    const bool drops = std::string(list).find("dropout") != std::string::npos;
    EXPECT_NE(drops, test::SameBits(rate[0].mean.values(), alone[0].mean.values()));
  }
}

TEST(AttentionTest, RefusesWhatDoesNotFit) {
  const auto error = [](const Shape& shape, const char* list) { return ErrorOf([&] { Model(shape, list, 1); }); };
  EXPECT_NE(error({6, 8}, "attention:3").find("expected (positions, dimensions), dimensions a multiple of 3 heads"),
            std::string::npos);
  EXPECT_NE(error({48}, "attention:3").find("samples of 48"), std::string::npos);
  EXPECT_NE(error({1 << 20, 8}, "attention:8").find("expected at most 16777216 weights"), std::string::npos);
  EXPECT_NE(error({6, 8}, "attention:0").find("0 heads, expected at least 1"), std::string::npos);
  EXPECT_NE(error({6, 8}, "attention:2:dropout=1.5").find("dropout is 1.5, expected a number in [0, 1]"),
            std::string::npos);
  EXPECT_NE(error({6, 8}, "attention:2:p=1").find("expected dropout=RATE, causal=1 or bias=0"), std::string::npos);
  EXPECT_NE(error({6, 8}, "attention").find("expected attention:HEADS"), std::string::npos);
}

}  // namespace
}  // namespace fallow::nn
